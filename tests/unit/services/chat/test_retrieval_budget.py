"""How long chat waits for rag: never so long that the model has no time left."""

from typing import Any

import pytest

from wattos_platform.kernel import context
from wattos_platform.kernel.context import RequestContext
from wattos_platform.services.chat.adapters.retrieval import SEARCH_TIMEOUT_S, RagRetrieval


class Stopwatch:
    """A hop that finds nothing and remembers how long it was given."""

    def __init__(self) -> None:
        self.given_s: list[float | None] = []

    async def json(self, *args: Any, timeout_s: float | None = None, **more: Any) -> Any:
        self.given_s.append(timeout_s)
        return {"results": []}


@pytest.mark.parametrize(
    ("left_s", "given_s"), [(60.0, SEARCH_TIMEOUT_S), (600.0, SEARCH_TIMEOUT_S), (4.0, 2.0), (-1.0, 0.0)]
)
async def test_a_search_takes_at_most_half_of_what_is_left(left_s: float, given_s: float) -> None:
    hop = Stopwatch()
    retrieval = RagRetrieval(hop, monotonic=lambda: 1000.0)
    context.enter(RequestContext("request-1", "0" * 32, "0" * 16, 1000.0 + left_s))
    await retrieval.search("space", "query")
    assert hop.given_s == [given_s]
