"""Searching: modes, filters, thresholds, degradation, cache, vectors that lag or do not fit."""

import asyncio

import pytest

from tests.fakes.services.knowledge import running_knowledge

SEARCH = "/api/v1/search"


@pytest.fixture
async def rag(tmp_path):
    async with running_knowledge(tmp_path) as running:
        yield running


async def filled(rag, **settings) -> str:
    space = await rag.api.space(**settings)
    await rag.api.ingest(space, "drucker.txt", "Der Drucker steht im Keller.", embedded=True)
    await rag.api.ingest(space, "kantine.md", "# Kantine\n\nMittags gibt es Suppe im Keller.", embedded=True)
    return space


@pytest.mark.parametrize(
    ("mode", "retrieval"), [("hybrid", "hybrid"), ("vector", "vector"), ("text", "bm25")]
)
async def test_every_mode_finds_the_passage_first(rag, mode, retrieval):
    space = await filled(rag)

    found = await rag.api.search(space, "Drucker im Keller", mode=mode)

    assert (found["retrieval"], found["degraded"]) == (retrieval, [])
    assert found["results"][0]["document"] == "drucker.txt"
    scores = [result["score"] for result in found["results"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    read = rag.runtime.metrics.registry.get_sample_value
    assert read("rag_searches_total", {"mode": mode}) == 1
    assert read("rag_search_duration_seconds_count", {"retrieval": retrieval}) == 1


@pytest.mark.parametrize("state", ["broken", "down"])
async def test_vector_path_down_is_text_search_and_says_so(rag, state):
    """[defect-47] The original documented this fallback and did not have it."""
    space = await filled(rag)
    rag.embeddings.state = state
    if state == "down":
        rag.embeddings.hop.down("refused")

    found = await rag.api.search(space, "Drucker")

    assert (found["retrieval"], found["degraded"]) == ("bm25", ["vector"])
    assert found["results"][0]["document"] == "drucker.txt"
    only = await rag.api.call(
        "POST", SEARCH, json={"knowledge_space_id": space, "query": "Drucker", "mode": "vector"}
    )
    assert (only.status_code, only.json()["code"]) == (503, "vectors_unavailable")


async def test_degraded_answer_does_not_outlive_the_outage(rag):
    space = await filled(rag)
    rag.embeddings.state = "broken"
    degraded = await rag.api.search(space, "Drucker")
    rag.embeddings.state = "up"

    assert degraded["degraded"] == ["vector"]
    assert (await rag.api.search(space, "Drucker"))["degraded"] == []


async def test_model_that_is_not_installed_is_a_mode_and_asked_for_once(rag):
    rag.embeddings.state = "missing"
    space = await rag.api.space()
    document = await rag.api.ingest(space, "a.txt", "Der Drucker steht im Keller.")
    async with asyncio.timeout(60):
        while not rag.embeddings.calls:  # by the work in the background, which has not begun perhaps
            await asyncio.sleep(0.01)

    for number in range(5):
        found = await rag.api.search(space, f"Drucker {number}")
        assert (found["retrieval"], found["degraded"]) == ("bm25", [])

    only = await rag.api.call(
        "POST", SEARCH, json={"knowledge_space_id": space, "query": "Drucker", "mode": "vector"}
    )
    assert (only.status_code, only.json()["code"]) == (503, "vectors_unavailable")
    assert document["status"] == "ready"
    assert rag.embeddings.calls == 1


FILTERS = [
    ({"documents": ["kantine.md"]}, ["kantine.md"]),
    ({"media_types": ["text/plain"]}, ["drucker.txt"]),
    ({"documents": ["nothing"]}, []),
    ({"documents": ["x' OR 1=1 --"]}, []),
    ({"documents": ["kantine.md"], "media_types": ["text/plain"]}, []),
]


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
async def test_filters_hold_in_every_mode(rag, mode):
    space = await filled(rag)

    for filters, expected in FILTERS:
        found = await rag.api.search(space, "Keller", filters=filters, mode=mode)
        assert [result["document"] for result in found["results"]] == expected, filters


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"filters": {"tenant": ["b"]}}, id="filter-key-defect-63"),
        pytest.param({"filters": {"id') OR 1=1 --": ["b"]}}, id="filter-sql-defect-63"),
        {"filters": {"documents": []}},
        {"query": "  "},
        {"query": "x" * 4001},
        {"top_k": 0},
        {"top_k": 51},
        {"min_score": 1.5},
        {"mode": "semantic"},
        {"knowledgeSpaceId": "x"},
    ],
)
async def test_search_that_makes_no_sense_is_422(rag, body):
    space = await rag.api.space()

    answer = await rag.api.call("POST", SEARCH, json={"knowledge_space_id": space, "query": "x"} | body)

    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"]


async def test_query_syntax_is_harmless(rag):
    space = await filled(rag)

    for query in ('"', "NEAR(", "a AND", "*", "body:", "-", "😀", "\x00", "'; DROP TABLE spaces"):
        assert isinstance((await rag.api.search(space, query))["results"], list), query


async def test_min_score_and_top_k_bound_the_results(rag):
    """[defect-60] Zero is a score, not a missing one."""
    space = await filled(rag)
    everything = (await rag.api.search(space, "Drucker Keller", mode="text"))["results"]

    one = await rag.api.search(space, "Drucker Keller", mode="text", top_k=1)
    high = await rag.api.search(space, "Drucker Keller", mode="text", min_score=everything[0]["score"])
    zero = await rag.api.search(space, "Drucker Keller", mode="text", min_score=0.0)

    assert len(everything) == 2
    assert one["results"] == everything[:1]
    assert high["results"] == everything[:1]
    assert zero["results"] == everything


async def test_question_whose_words_are_nowhere_finds_nothing_by_text(rag):
    space = await filled(rag)

    assert (await rag.api.search(space, "Wer gewann die Weltmeisterschaft?", mode="text"))["results"] == []


async def test_repeated_search_is_cached_until_the_space_changes(rag):
    """[defect-51] Nothing invalidated the original's cache when a document came in."""
    space = await filled(rag)
    first = await rag.api.search(space, "Drucker")
    calls = rag.embeddings.calls

    again = await rag.api.search(space, "Drucker")
    assert (again, rag.embeddings.calls) == (first, calls)

    await rag.api.ingest(space, "neu.txt", "Ein neuer Drucker steht im Flur.", embedded=True)
    after = await rag.api.search(space, "Drucker")
    assert {result["document"] for result in after["results"]} >= {"neu.txt", "drucker.txt"}


async def test_cache_never_crosses_tenants_or_filters(rag):
    """[defect-51] Tenant, filters and model were missing in the original's key."""
    space = await filled(rag)
    other = rag.tenant("tenant-b")
    theirs = await other.space()
    await other.ingest(theirs, "fremd.txt", "Der Drucker steht woanders.", embedded=True)

    mine = await rag.api.search(space, "Drucker")
    foreign = await other.search(theirs, "Drucker")
    filtered = await rag.api.search(space, "Drucker", filters={"documents": ["kantine.md"]})

    assert "fremd.txt" not in str(mine)
    assert [result["document"] for result in foreign["results"]] == ["fremd.txt"]
    assert "drucker.txt" not in str(filtered)


async def test_space_keeps_its_model_and_refuses_vectors_of_another_dimension(rag):
    """[defect-64] Vectors are stored through one path that knows what belongs to the space."""
    space = await filled(rag)
    view = (await rag.api.call("GET", f"/api/v1/knowledge-spaces/{space}")).json()
    rag.embeddings.dimension = 32

    document = await rag.api.ingest(space, "neu.txt", "Ein neuer Drucker steht im Flur.")
    found = await rag.api.search(space, "neuer Drucker")

    assert view["embedding"] == {"model": "wattos-minilm", "dimension": 64}
    assert document["status"] == "ready"
    assert found["degraded"] == ["vector"]
    assert (await rag.api.call("GET", f"/api/v1/knowledge-spaces/{space}")).json()["embedding"] == view[
        "embedding"
    ]


async def test_vectors_are_asked_for_with_the_uploaders_identity(rag):
    space = await filled(rag)
    await rag.api.search(space, "Drucker")

    tenants = {request.identity.tenant for request in rag.embeddings.hop.requests}
    assert tenants == {"tenant-a"}
