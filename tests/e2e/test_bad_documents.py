"""Bad documents through the gateway: refused, or failed with the reason; what was there stays."""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pypdf
import pytest

from tests.fakes.project.callers import (
    Witness,
    caller,
    is_our_error,
    new_space,
    settled,
    upload,
    witness,
    zip_bomb,
)
from tests.fakes.project.running import RunningProject

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def seen(standing: RunningProject) -> Witness:
    return witness(standing)


@pytest.fixture(scope="module")
def client(standing: RunningProject, seen: Witness) -> Iterator[httpx.Client]:
    with caller(standing, "documents") as client:
        client.event_hooks = {"response": [seen.keep]}
        yield client


@pytest.fixture(scope="module")
def space(client: httpx.Client) -> str:
    made = new_space(client)
    document = settled(client, upload(client, made, "good.txt", b"The lighthouse is 40 m high.\n"))
    assert document["status"] == "ready"
    return made


def form(field: str, name: str) -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + b"content\r\n--x--\r\n"


def pdf(password: str | None = None, pages: int = 1) -> bytes:
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


def word(document_xml: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", document_xml)
    return packed.getvalue()


BILLION = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
FAILING = {
    "empty.pdf": (b"", "empty"),
    "empty.txt": (b"", "empty"),
    "blank.txt": (b" \n\t \n", "no text"),
    "no-page.pdf": (pdf(pages=0), "page"),
    "no-text.pdf": (pdf(), "no text"),
    "encrypted.pdf": (pdf("secret"), "encrypted"),
    "not-a.pdf": (b"hello" * 100, "PDF"),
    "cut.pdf": (pdf()[:200], "PDF"),
    "bomb.docx": (zip_bomb(300_000_000), "unpacks to"),
    "not-a.docx": (b"PK\x03\x04 nothing", "docx"),
    "no-document.docx": (word("")[:60], "docx"),
    "entities.docx": (word(f'<!DOCTYPE x [<!ENTITY a0 "ha">{BILLION}]><x>&a9;</x>'), ""),
    "outside.docx": (word('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'), ""),
    "broken.json": (b'{"a": ', "JSON"),
    "deep.json": (b"[" * 300_000, ""),
    "latin.txt": ("Die Straße ist naß.".encode("latin-1"), "not valid utf-8"),
    "binary.txt": (bytes(range(256)) * 100, ""),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_document_that_cannot_be_read_fails_and_says_why(
    client: httpx.Client, space: str, name: str
) -> None:
    content, reason = FAILING[name]
    answer = upload(client, space, name, content)
    if answer.status_code not in {200, 202}:
        assert answer.status_code in {400, 415, 422}, answer.text
        assert is_our_error(answer)
        assert reason in answer.json()["message"]
        return
    document = settled(client, answer)
    assert document["status"] == "failed", document
    assert reason in document["error"]
    assert "root:" not in document["error"]
    text = client.get(f"/api/v1/documents/{document['id']}/text")
    assert (text.status_code, text.json()["code"]) == (409, "document_not_ready")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("line.txt", b"word " * 2_000_000, id="ten-megabytes-in-one-line"),
        pytest.param("deep.html", b"<div>" * 20_000 + b"The well is deep.", id="deep-html"),
        pytest.param("script.html", b"<script>alert(1)</script><p>The page is safe.", id="script"),
    ],
)
def test_a_strange_document_is_read(client: httpx.Client, space: str, name: str, content: bytes) -> None:
    document = settled(client, upload(client, space, name, content))
    assert (document["status"], document["error"]) == ("ready", None)
    text = client.get(f"/api/v1/documents/{document['id']}/text")
    assert text.status_code == 200
    assert "alert" not in text.text
    assert client.delete(f"/api/v1/documents/{document['id']}").status_code == 204


@pytest.mark.parametrize(
    ("raw_name", "shown"),
    [
        ("../../../etc/passwd.txt", "etc/passwd.txt"),
        ("..\\..\\windows\\boot.txt", "windows/boot.txt"),
        ("/etc/cron.d/x.txt", "etc/cron.d/x.txt"),
        ("C:\\x.txt", "x.txt"),
        ("a\u202etxt.exe.txt", "atxt.exe.txt"),
        ("x" * 4000 + ".txt", "x" * 251 + ".txt"),
    ],
)
def test_a_file_name_is_a_label_and_never_a_path(
    standing: RunningProject, client: httpx.Client, space: str, raw_name: str, shown: str
) -> None:
    before = files_of(standing)
    document = settled(client, upload(client, space, raw_name, f"Text of {shown}.\n".encode()))
    assert (document["status"], document["name"]) == ("ready", shown)
    made = {path.name for path in files_of(standing) - before if ".db" not in path.name}
    assert [name for name in made if not name.startswith(document["id"])] == []
    assert client.delete(f"/api/v1/documents/{document['id']}").status_code == 204


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nno header"),
        ("multipart/form-data; boundary=x", form("other", "a.txt")),
        ("multipart/form-data; boundary=x", form("file", "")),
        ("multipart/form-data; boundary=x", form("file", "..")),
        ("multipart/form-data; boundary=x", form("file", "a.exe")),
        ("multipart/form-data; boundary=x", form("file", "noextension")),
        ("multipart/form-data; boundary=x", form("file", "a.txt")[:-6]),
        ("multipart/form-data; boundary=" + "x" * 5000, b"x"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_upload_is_refused(
    client: httpx.Client, space: str, content_type: str, body: bytes
) -> None:
    path = f"/api/v1/knowledge-spaces/{space}/documents"
    answer = client.post(path, content=body, headers={"content-type": content_type})
    assert answer.status_code in {400, 415, 422}, answer.text
    assert is_our_error(answer)


def test_an_upload_above_the_limit_is_a_413(client: httpx.Client, space: str) -> None:
    answer = upload(client, space, "big.txt", b"x" * 51_000_000)
    assert answer.status_code == 413
    assert is_our_error(answer)


def test_afterwards_all_is_as_before(seen: Witness, client: httpx.Client, space: str) -> None:
    listed = client.get(f"/api/v1/knowledge-spaces/{space}/documents?limit=100").json()["items"]
    names = {document["name"]: document["status"] for document in listed}
    assert names.pop("good.txt") == "ready"
    assert set(names.values()) <= {"failed"}
    assert names.keys() <= FAILING.keys()
    found = client.post("/api/v1/search", json={"query": "lighthouse", "knowledge_space_id": space}).json()
    assert [hit["document"] for hit in found["results"]] == ["good.txt"]
    assert seen.harm() == []


def files_of(standing: RunningProject) -> set[Path]:
    """Return all files of the run but its metrics, whose files come and go by themselves."""
    metrics = standing.root / ".wattos/metrics"
    return {
        Path(folder, name)
        for folder, _, names in os.walk(standing.root.parent)
        for name in names
        if not Path(folder).is_relative_to(metrics)
    }
