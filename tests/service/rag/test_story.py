"""The main job of the knowledge service: documents in, cited passages out."""

import pytest

from tests.fakes.services.knowledge import running_knowledge

GUIDE = """# Guide

Intro words.

## Exit codes

Exit code 4 means that the platform is not running.

## Ports

The gateway listens on port 3001.
"""
HOLIDAYS = "Urlaubsanträge stellt man im Portal. Die Kündigungsfristen stehen im Vertrag."


@pytest.fixture
async def rag(tmp_path):
    async with running_knowledge(tmp_path) as running:
        yield running


async def test_document_goes_in_and_the_right_passage_comes_out(rag):
    space = await rag.api.space()
    document = await rag.api.ingest(space, "guide.md", GUIDE, embedded=True)
    await rag.api.ingest(space, "urlaub.txt", HOLIDAYS, embedded=True)

    found = await rag.api.search(space, "Which exit code means the platform is not running?")

    assert document["status"] == "ready"
    assert found["retrieval"] == "hybrid"
    assert found["degraded"] == []
    first = found["results"][0]
    assert first["document"] == "guide.md"
    assert first["document_id"] == document["id"]
    assert first["heading"] == "Guide > Exit codes"
    text = (await rag.api.call("GET", f"/api/v1/documents/{document['id']}/text")).text
    assert text == GUIDE
    assert text[first["start"] : first["end"]] == first["text"]
    assert 0 < first["score"] <= 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [("Kündigung", "urlaub.txt"), ("kuendigungsfrist", "urlaub.txt"), ("exits codes", "guide.md")],
)
async def test_text_search_finds_inflections_and_parts_of_words(rag, query, expected):
    space = await rag.api.space()
    await rag.api.ingest(space, "guide.md", GUIDE)
    await rag.api.ingest(space, "urlaub.txt", HOLIDAYS)

    found = await rag.api.search(space, query, mode="text")

    assert [result["document"] for result in found["results"]][:1] == [expected]
    assert found["retrieval"] == "bm25"
