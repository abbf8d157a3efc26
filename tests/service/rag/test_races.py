"""What many callers do to one space or document at the same moment."""

import asyncio
from collections.abc import AsyncIterator

from tests.fakes.services.knowledge import running_knowledge

SPACES = "/api/v1/knowledge-spaces"


async def test_many_remove_the_same_thing_and_it_goes_once(tmp_path) -> None:
    lines: list[bytes] = []
    async with running_knowledge(tmp_path, lines=lines) as rag:
        space = await rag.api.space()
        document = await rag.api.ingest(space, "a.txt", "The printer is in the cellar.")
        for path in (f"/api/v1/documents/{document['id']}", f"{SPACES}/{space}"):
            answers = await asyncio.gather(*(rag.api.call("DELETE", path) for _ in range(10)))
            assert {answer.status_code for answer in answers} <= {204, 404}
            assert 204 in {answer.status_code for answer in answers}
            assert (await rag.api.call("GET", path)).status_code == 404
    assert not any(b'"level":"error"' in line for line in lines)


async def test_a_document_for_a_space_that_goes_meanwhile_is_refused(tmp_path) -> None:
    """It was there when the upload began and is gone when the last byte has come."""
    async with running_knowledge(tmp_path) as rag:
        space = await rag.api.space()

        async def body() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
            assert (await rag.api.call("DELETE", f"{SPACES}/{space}")).status_code == 204
            yield b"The printer is in the cellar.\r\n--x--\r\n"

        headers = {"content-type": "multipart/form-data; boundary=x"}
        answer = await rag.api.call("POST", f"{SPACES}/{space}/documents", content=body(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "knowledge_space_not_found")
    assert list(tmp_path.rglob("*.upload")) == []
