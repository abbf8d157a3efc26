"""rag as a Retrieval, and how chat does without it."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from wattos_platform.contracts.chat import Passage
from wattos_platform.kernel.context import current
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops import HopClient
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
        passages = [Passage.model_validate(result) for result in answer["results"]]
        return Retrieved(
            tuple(Source(**passage.model_dump()) for passage in passages),
            tuple(str(name) for name in answer.get("degraded") or ()),
        )

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


class DegradingRetrieval:
    """Answers with no passages and `degraded: ["rag"]` while `inner` cannot answer; logs and counts each."""

    def __init__(self, inner: Retrieval, log: Any, count: Callable[[str], None]) -> None:
        self._inner = inner
        self._log = log
        self._count = count

    async def search(self, space_id: str, query: str) -> Retrieved:
        """Return what `inner` finds, or nothing with the mark; SpaceMissingError is no outage."""
        try:
            return await self._inner.search(space_id, query)
        except ServiceError as error:
            self._degrade(error.code)
        except (ValueError, KeyError, TypeError) as error:
            # pydantic's ValidationError is a ValueError: rag answered something that is no search result.
            self._degrade(f"malformed answer: {type(error).__name__}")
        return Retrieved(degraded=("rag",))

    async def exists(self, space_id: str) -> bool:
        """Return what `inner` knows, True while it knows nothing: the first question will tell."""
        try:
            return await self._inner.exists(space_id)
        except ServiceError as error:
            self._degrade(error.code)
        return True

    def _degrade(self, reason: str) -> None:
        self._count("rag")
        self._log.warning(
            "retrieval.degraded", message="Answering without rag.", dependency="rag", reason=reason
        )
