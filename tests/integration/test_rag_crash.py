"""rag as a real process: what was accepted is taken in after SIGKILL, once, whole, with true offsets."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.fakes.services.knowledge import hashed
from tests.fakes.services.service_process import ServiceProcess, respond, service_process, sibling

pytestmark = pytest.mark.long

SMALL = "Der Drucker steht im Keller. Die Kantine ist oben."
LARGE = "\n\n".join(
    f"Absatz {number} handelt von Thema{number % 97}. " + "Wort " * 90 for number in range(3000)
)


class Model:
    """Embeds at once; while `held` is set, it is asked and does not answer."""

    def __init__(self) -> None:
        self.calls = 0
        self.held = False

    async def __call__(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        if path != "/v1/embeddings":
            respond(writer, b"{}")
            return
        self.calls += 1
        if self.held:
            await asyncio.Event().wait()
        texts = json.loads(body)["input"]
        data = [{"index": at, "embedding": hashed(text, 16)} for at, text in enumerate(texts)]
        respond(writer, json.dumps({"data": data}).encode())


async def upload(client: httpx.AsyncClient, space: str, name: str, text: str) -> str:
    answer = await client.post(
        f"/api/v1/knowledge-spaces/{space}/documents", files={"file": (name, text.encode())}
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def document(client: httpx.AsyncClient, document_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/v1/documents/{document_id}")).json()
    return found


async def until(rag: ServiceProcess, document_id: str, *, embedded: bool) -> dict[str, Any]:
    async with rag.client() as client:
        for _ in range(1200):
            found = await document(client, document_id)
            if found["status"] in {"ready", "failed"} and not (embedded and found["chunks_without_vector"]):
                return found
            await asyncio.sleep(0.05)
    raise AssertionError(found)


def rows(folder: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "rag.db")) as connection:
        return connection.execute(statement).fetchall()


def check_whole(folder: Path, document_id: str) -> None:
    """Every chunk is there once, is what its offsets say, has one index row and one vector."""
    ((text,),) = rows(folder, f"SELECT text FROM document_texts WHERE document_id='{document_id}'")
    mine = f"document_id='{document_id}' ORDER BY ordinal"
    chunks = rows(folder, f"SELECT key, ordinal, start, [end], text FROM chunks WHERE {mine}")
    assert [chunk[1] for chunk in chunks] == list(range(len(chunks)))
    assert all(text[chunk[2] : chunk[3]] == chunk[4] for chunk in chunks)
    keys = {chunk[0] for chunk in chunks}
    ((space_key,),) = rows(folder, f"SELECT space_key FROM documents WHERE id='{document_id}'")
    indexed = {row[0] for row in rows(folder, f"SELECT rowid FROM fts_{space_key}")}
    assert keys <= indexed
    vectors = rows(folder, f"SELECT chunk_key FROM vectors WHERE document_id='{document_id}'")
    assert sorted(row[0] for row in vectors) == sorted(keys)


def runs(process: psutil.Process) -> bool:
    """Return whether it does; a container without a reaper keeps the dead as zombies, which hold nothing."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("how", "after_s"),
    [
        pytest.param(signal.SIGKILL, 0.0, id="killed-at-once"),
        pytest.param(signal.SIGKILL, 0.4, id="killed-while-reading"),
        pytest.param(signal.SIGKILL, 1.2, id="killed-while-writing"),
        pytest.param(signal.SIGTERM, 0.4, id="drained-while-reading"),
    ],
)
async def test_accepted_documents_are_taken_in_whole_after_the_process_ended(
    tmp_path: Path, how: signal.Signals, after_s: float
) -> None:
    model = Model()
    async with (
        sibling(model) as url,
        service_process("rag", tmp_path, {"WATTOS_LLM_GATEWAY_URL": url}) as rag,
    ):
        async with rag.client() as client:
            space = (await client.post("/api/v1/knowledge-spaces", json={"name": "docs"})).json()["id"]
            ids = [
                await upload(client, space, "large.txt", LARGE),
                await upload(client, space, "small.txt", SMALL),
            ]
        for _ in range(3):
            await asyncio.sleep(after_s)
            assert rag.process is not None
            children = psutil.Process(rag.process.pid).children(recursive=True)
            await rag.end(how)
            async with asyncio.timeout(20):
                while any(runs(child) for child in children):
                    await asyncio.sleep(0.02)
            await rag.start()
        settled = [await until(rag, each, embedded=True) for each in ids]
        async with rag.client() as client:
            found = (
                await client.post(
                    "/api/v1/search", json={"knowledge_space_id": space, "query": "Wo steht der Drucker?"}
                )
            ).json()

    assert [each["status"] for each in settled] == ["ready", "ready"]
    assert settled[0]["chunks"] >= 3000
    assert found["results"][0]["document"] == "small.txt"
    for each in ids:
        check_whole(tmp_path, each)
    assert rows(tmp_path, "SELECT count(*) FROM jobs") == [(0,)]
    assert list((tmp_path / "rag" / "uploads").iterdir()) == []


async def test_an_upload_that_was_read_before_the_process_ended_does_not_stay(tmp_path: Path) -> None:
    async with (
        sibling(Model()) as url,
        service_process("rag", tmp_path, {"WATTOS_LLM_GATEWAY_URL": url}) as rag,
    ):
        async with rag.client() as client:
            space = (await client.post("/api/v1/knowledge-spaces", json={"name": "docs"})).json()["id"]
            small = await upload(client, space, "small.txt", SMALL)
        await until(rag, small, embedded=True)
        await rag.end(signal.SIGKILL)
        uploads = tmp_path / "rag" / "uploads"
        for name in (small, "underway"):
            (uploads / f"{name}.upload").write_bytes(b"bytes")
        await rag.start()
        assert [path.stem for path in uploads.iterdir()] == ["underway"]


async def test_embedding_goes_on_after_sigkill_where_it_was(tmp_path: Path) -> None:
    model = Model()
    model.held = True
    async with (
        sibling(model) as url,
        service_process("rag", tmp_path, {"WATTOS_LLM_GATEWAY_URL": url}) as rag,
    ):
        async with rag.client() as client:
            space = (await client.post("/api/v1/knowledge-spaces", json={"name": "docs"})).json()["id"]
            small = await upload(client, space, "small.txt", SMALL)
        ready = await until(rag, small, embedded=False)
        while not model.calls:
            await asyncio.sleep(0.02)
        await rag.end(signal.SIGKILL)
        model.held = False
        await rag.start()
        embedded = await until(rag, small, embedded=True)

    assert (ready["chunks_without_vector"], embedded["chunks_without_vector"]) == (1, 0)
    check_whole(tmp_path, small)


async def test_two_replicas_share_the_work_and_do_nothing_twice(tmp_path: Path) -> None:
    model = Model()
    async with sibling(model) as url:
        urls = {"WATTOS_LLM_GATEWAY_URL": url}
        async with (
            service_process("rag", tmp_path, {**urls, "WATTOS_REPLICA": "0"}) as first,
            service_process("rag", tmp_path, {**urls, "WATTOS_REPLICA": "1"}) as second,
        ):
            async with first.client() as client:
                space = (await client.post("/api/v1/knowledge-spaces", json={"name": "docs"})).json()["id"]
                ids = [
                    await upload(client, space, f"{number}.txt", f"{SMALL} Nummer {number}.")
                    for number in range(12)
                ]
            settled = [await until(second, each, embedded=True) for each in ids]

    assert {each["status"] for each in settled} == {"ready"}
    for each in ids:
        check_whole(tmp_path, each)
    assert rows(tmp_path, "SELECT count(*) FROM chunks") == [(12,)]
