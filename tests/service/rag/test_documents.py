"""Spaces and documents: shapes, repeats, replacement, removal, and every kind of bad upload."""

import io
import zipfile

import docx
import pypdf
import pytest

from tests.fakes.services.knowledge import running_knowledge
from wattos_platform.services.rag.domain.media import MEDIA_TYPES

SPACES = "/api/v1/knowledge-spaces"


@pytest.fixture
async def rag(tmp_path):
    async with running_knowledge(tmp_path) as running:
        yield running


def pdf(text: str = "", password: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(300, 300)
    if text:
        stream = pypdf.generic.StreamObject()
        stream.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
        font = pypdf.generic.DictionaryObject(
            {
                pypdf.generic.NameObject("/Type"): pypdf.generic.NameObject("/Font"),
                pypdf.generic.NameObject("/Subtype"): pypdf.generic.NameObject("/Type1"),
                pypdf.generic.NameObject("/BaseFont"): pypdf.generic.NameObject("/Helvetica"),
            }
        )
        fonts = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F1"): font})
        page[pypdf.generic.NameObject("/Resources")] = pypdf.generic.DictionaryObject(
            {pypdf.generic.NameObject("/Font"): fonts}
        )
        page[pypdf.generic.NameObject("/Contents")] = stream
    if password:
        writer.encrypt(password)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Reisekosten", 1)
    document.add_paragraph("Belege gibt man bis zum Monatsende ab.")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Hotel", "120 Euro"
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def zip_bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 60_000_000)
    return target.getvalue()


async def test_space_is_made_listed_shown_and_removed(rag):
    created = await rag.api.call("POST", SPACES, json={"name": " handbook ", "description": "for all"})
    body = created.json()

    assert created.status_code == 201
    assert body["name"] == "handbook"
    assert body["chunking"] == {"strategy": "auto", "size": 700, "overlap": 0}
    assert (await rag.api.call("GET", SPACES)).json() == {"items": [body], "next_cursor": None}
    assert (await rag.api.call("GET", f"{SPACES}/{body['id']}")).json() == body
    again = await rag.api.call("POST", SPACES, json={"name": "handbook"})
    assert (again.status_code, again.json()["code"]) == (409, "knowledge_space_exists")
    assert (await rag.api.call("DELETE", f"{SPACES}/{body['id']}")).status_code == 204
    assert (await rag.api.call("GET", f"{SPACES}/{body['id']}")).status_code == 404
    assert (await rag.api.call("POST", SPACES, json={"name": "handbook"})).status_code == 201


async def test_lists_are_paged_to_the_end(rag):
    ids = [await rag.api.space(f"space {number}") for number in range(4)]

    seen, cursor, pages = [], None, 0
    while True:
        pages += 1
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await rag.api.call("GET", SPACES, params=query)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert (seen, pages) == (ids, 2)
    assert (await rag.api.call("GET", SPACES, params={"cursor": "garbage"})).status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "x" * 201}, 422),
        ({"name": "x", "colour": "red"}, 422),
        ({"name": "x", "chunking": {"size": 200, "overlap": 150}}, 422),
        ({"name": "x", "chunking": {"strategy": "semantic"}}, 422),
        ({"name": 7}, 422),
        ({}, 422),
    ],
)
async def test_space_that_cannot_be_is_refused_by_field(rag, body, status):
    answer = await rag.api.call("POST", SPACES, json=body)

    assert answer.status_code == status
    assert answer.json()["details"][0]["field"]


@pytest.mark.parametrize(
    ("name", "content", "query"),
    [
        ("a.txt", "Der Drucker steht im Keller.", "Drucker"),
        ("a.md", "# Drucker\n\nEr steht im Keller.", "Drucker Keller"),
        ("a.html", "<h1>Drucker</h1><script>nein()</script><p>Er steht im Keller.", "Keller"),
        pytest.param("a.pdf", pdf("The printer is in the cellar"), "printer cellar", id="pdf-defect-66"),
        pytest.param("a.docx", word(), "Hotel Belege", id="docx-defect-66"),
        ("a.csv", "Gerät;Ort\nDrucker;Keller\n", "Drucker Keller"),
        ("a.json", '{"printer": {"place": "cellar"}}', "printer place"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("a.") else "",
)
async def test_every_listed_kind_of_document_is_read(rag, name, content, query):
    space = await rag.api.space()

    document = await rag.api.ingest(space, name, content)

    assert (document["status"], document["error"]) == ("ready", None)
    assert document["chunks"] >= 1
    result = (await rag.api.search(space, query))["results"][0]
    text = (await rag.api.call("GET", f"/api/v1/documents/{document['id']}/text")).text
    assert text[result["start"] : result["end"]] == result["text"]
    assert {"a.txt", "a.md", "a.html", "a.pdf", "a.docx", "a.csv", "a.json"} >= {result["document"]}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bad.txt", b"abc \xff\xfe def", "not valid utf-8"),
        ("nul.txt", b"abc\x00def", "NUL"),
        ("empty.txt", b"", "empty"),
        ("blank.md", b" \n \n", "no text"),
        ("empty.pdf", b"", "empty"),
        ("garbage.pdf", b"%PDF-1.7 garbage", "damaged"),
        ("pictures.pdf", pdf(), "no text"),
        ("locked.pdf", pdf("hi", password="secret"), "encrypted"),
        ("garbage.docx", b"PK\x03\x04 garbage", "not a readable docx"),
        ("locked.docx", b"\xd0\xcf\x11\xe0 ole", "encrypted"),
        ("bomb.docx", zip_bomb(), "zip bomb"),
        ("deep.json", b"[" * 100_000, "nested"),
        ("bad.json", b'{"a": ', "not valid JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_unreadable_document_fails_with_its_reason_and_the_service_goes_on(rag, name, content, reason):
    space = await rag.api.space()

    document = await rag.api.ingest(space, name, content)

    assert document["status"] == "failed"
    assert reason in document["error"]
    assert "Traceback" not in document["error"]
    assert (await rag.api.ingest(space, "good.txt", "All is well."))["status"] == "ready"


async def test_ten_megabytes_in_one_line_are_read(rag):
    space = await rag.api.space()

    document = await rag.api.ingest(space, "line.txt", "wort " * 2_000_000)

    assert document["status"] == "ready"
    assert document["chunks"] > 10_000


async def test_same_content_and_name_is_unchanged_and_other_content_replaces(rag):
    space = await rag.api.space()
    first = await rag.api.ingest(space, "a.md", "Der Drucker steht im Keller.")

    again = await rag.api.upload(space, "a.md", "Der Drucker steht im Keller.")
    other_name = await rag.api.ingest(space, "b.md", "Der Drucker steht im Keller.")
    second = await rag.api.ingest(space, "a.md", "Der Drucker steht im Dachgeschoss.")

    assert (again.status_code, again.json()["unchanged"], again.json()["id"]) == (200, True, first["id"])
    assert other_name["id"] != first["id"]
    assert (await rag.api.call("GET", f"/api/v1/documents/{first['id']}")).status_code == 404
    listed = (await rag.api.call("GET", f"{SPACES}/{space}/documents")).json()["items"]
    assert [item["id"] for item in listed] == [other_name["id"], second["id"]]
    found = await rag.api.search(space, "Drucker", filters={"documents": ["a.md"]})
    assert ["Dachgeschoss" in result["text"] for result in found["results"]] == [True]


async def test_failed_document_is_tried_again_by_uploading_it_again(rag):
    space = await rag.api.space()
    failed = await rag.api.ingest(space, "a.txt", b"\xff")

    answer = await rag.api.upload(space, "a.txt", b"\xff")

    assert (answer.status_code, answer.json()["unchanged"]) == (202, False)
    assert (await rag.api.call("GET", f"/api/v1/documents/{failed['id']}")).status_code == 404


async def test_removed_document_is_found_no_more_and_its_rows_go(rag):
    space = await rag.api.space()
    document = await rag.api.ingest(space, "a.txt", "Der Drucker steht im Keller.", embedded=True)

    assert (await rag.api.call("DELETE", f"/api/v1/documents/{document['id']}")).status_code == 204

    assert (await rag.api.search(space, "Drucker"))["results"] == []
    assert (await rag.api.call("GET", f"/api/v1/documents/{document['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../etc/passwd.txt", "etc/passwd.txt"), ("adr/0001.md", "adr/0001.md"), ("a\x7fb.txt", "ab.txt")],
)
async def test_file_name_is_a_label_and_never_a_path(rag, tmp_path, name, shown):
    space = await rag.api.space()

    answer = await rag.api.upload(space, name, "text")

    assert answer.json()["name"] == shown
    assert not list(tmp_path.glob("**/passwd*"))


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"{}", 400, "invalid_upload"),
        ("multipart/form-data", b"", 400, "invalid_upload"),
        ("multipart/form-data; boundary=x", b"--y\r\n", 400, "invalid_upload"),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400, "invalid_upload"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc',
            400,
            "invalid_upload",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.exe"\r\n\r\nabc\r\n--x--\r\n',
            415,
            "unsupported_document",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename=".."\r\n\r\nabc\r\n--x--\r\n',
            422,
            "invalid_file_name",
        ),
    ],
)
async def test_body_that_is_no_upload_is_refused_and_leaves_nothing(  # noqa: PLR0917 - a table
    rag, tmp_path, content_type, body, status, code
):
    space = await rag.api.space()

    answer = await rag.api.call(
        "POST", f"{SPACES}/{space}/documents", content=body, headers={"content-type": content_type}
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list((tmp_path / "rag").glob("uploads/*")) == []


async def test_upload_above_the_limit_is_413_and_leaves_nothing(tmp_path):
    async with running_knowledge(tmp_path, environ={"WATTOS_UPLOAD_LIMIT_BYTES": "100000"}) as rag:
        space = await rag.api.space()

        whole = await rag.api.upload(space, "a.txt", "x" * 200_000)

        async def chunked():
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
            for _ in range(200):
                yield b"y" * 1000

        streamed = await rag.api.call(
            "POST",
            f"{SPACES}/{space}/documents",
            content=chunked(),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )

    assert [whole.status_code, streamed.status_code] == [413, 413]
    assert list((tmp_path / "rag").glob("uploads/*")) == []


async def test_nothing_of_one_tenant_is_visible_to_another(rag):
    stranger = rag.tenant("tenant-b")
    space = await rag.api.space()
    document = await rag.api.ingest(space, "a.txt", "Geheim ist der Keller.")
    path = f"/api/v1/documents/{document['id']}"
    query = {"query": "Keller"}

    answers = [
        await stranger.call("GET", f"{SPACES}/{space}"),
        await stranger.call("DELETE", f"{SPACES}/{space}"),
        await stranger.call("GET", f"{SPACES}/{space}/documents"),
        await stranger.upload(space, "b.txt", "x"),
        await stranger.call("GET", path),
        await stranger.call("GET", f"{path}/text"),
        await stranger.call("DELETE", path),
        await stranger.call("POST", "/api/v1/search", json={"knowledge_space_id": space, **query}),
        await stranger.call("POST", f"{SPACES}/{space}/search", json=query),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert (await stranger.call("GET", SPACES)).json()["items"] == []
    assert await stranger.space("docs")
    assert (await rag.api.search(space, "Keller"))["results"]


async def test_caller_without_identity_is_401(rag):
    answer = await rag._client.get(SPACES)

    assert answer.status_code == 401


async def test_personal_data_is_replaced_before_anything_is_stored(rag):
    space = await rag.api.space(redact=["email", "iban"])

    document = await rag.api.ingest(space, "a.txt", "Schreiben Sie an max@firma.de. Der Drucker steht dort.")

    text = (await rag.api.call("GET", f"/api/v1/documents/{document['id']}/text")).text
    result = (await rag.api.search(space, "Drucker"))["results"][0]
    assert text == "Schreiben Sie an [EMAIL]. Der Drucker steht dort."
    assert text[result["start"] : result["end"]] == result["text"]


def test_supported_kinds_are_those_the_service_names():
    assert set(MEDIA_TYPES) == {
        *(".txt", ".log", ".md", ".markdown", ".html", ".htm", ".pdf", ".docx", ".csv", ".json"),
    }
