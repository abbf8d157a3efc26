"""rag as a Retrieval, and how chat does without it."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from wattos_platform.contracts.chat import Passage
from wattos_platform.kernel.context import current
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops import HopClient
from wattos_platform.kernel.hops.errors import malformed
from wattos_platform.kernel.resilience.degrade import Degradation
from wattos_platform.services.chat.domain.records import Source
from wattos_platform.services.chat.ports import Retrieval, Retrieved, SpaceMissingError

TOP_K = 5
SEARCH_TIMEOUT_S = 10.0
LOOKUP_TIMEOUT_S = 2.0
_NOT_FOUND = 404


class RagRetrieval:
    """Implements Retrieval over rag's search.

    A search takes at most half of the time that the request has left, so that a rag that hangs leaves the
    model time to answer without it.
    """

    def __init__(
        self, hop: HopClient, *, top_k: int = TOP_K, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._hop = hop
        self._top_k = top_k
        self._monotonic = monotonic

    async def search(self, space_id: str, query: str) -> Retrieved:
        """Return the best passages; SpaceMissingError, or ServiceError when rag cannot answer."""
        body = {"knowledge_space_id": space_id, "query": query, "top_k": self._top_k}
        left_s = current().deadline - self._monotonic()
        timeout_s = min(SEARCH_TIMEOUT_S, max(left_s / 2, 0.0))
        try:
            answer = await self._hop.json("POST", "/api/v1/search", body, timeout_s=timeout_s)
        except ServiceError as error:
            if error.status == _NOT_FOUND:
                raise SpaceMissingError(space_id) from error
            raise
        return _retrieved(answer)

    async def exists(self, space_id: str) -> bool:
        """Return whether rag knows the space for this caller; ServiceError when it cannot be asked."""
        path = f"/api/v1/knowledge-spaces/{quote(space_id, safe='')}"
        try:
            await self._hop.json("GET", path, timeout_s=LOOKUP_TIMEOUT_S)
        except ServiceError as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True


def _retrieved(answer: Any) -> Retrieved:
    try:
        passages = [Passage.model_validate(result) for result in answer["results"]]
        degraded = tuple(str(name) for name in answer.get("degraded") or ())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # pydantic's ValidationError is a ValueError.
        raise malformed("rag", "search result") from error
    return Retrieved(tuple(Source(**passage.model_dump()) for passage in passages), degraded)


class OptionalRetrieval:
    """What `inner` finds; no passages and the mark `rag` while that cannot answer."""

    def __init__(self, inner: Retrieval, rag: Degradation) -> None:
        self._inner = inner
        self._rag = rag

    async def search(self, space_id: str, query: str) -> Retrieved:
        """Return what `inner` finds, or nothing with the mark; SpaceMissingError is no outage."""
        with self._rag.without() as use:
            return await self._inner.search(space_id, query)
        return Retrieved(degraded=use.degraded)

    async def exists(self, space_id: str) -> bool:
        """Return what `inner` knows, True while it knows nothing: the first question will tell."""
        with self._rag.without():
            return await self._inner.exists(space_id)
        return True
