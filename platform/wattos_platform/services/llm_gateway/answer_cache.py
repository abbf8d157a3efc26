"""Answers kept for who asks for it: the same request of the same tenant is answered once."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from wattos_platform.kernel.resilience.cache import Cache, cache_key
from wattos_platform.services.llm_gateway.accounting import CACHED, Accounting, Caller
from wattos_platform.services.llm_gateway.completions import Completed, Completions
from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.models import ModelBook, Target
from wattos_platform.services.llm_gateway.domain.replay import replayed
from wattos_platform.services.llm_gateway.domain.wire import Usage

ANSWER_TTL_S = 3600.0
# How an answer is delivered says nothing of what it says.
_DELIVERY = frozenset({"stream", "stream_options"})


class _NotKept(Exception):  # noqa: N818 - it carries an answer past the cache, to all who wait for it
    def __init__(self, completed: Completed) -> None:
        super().__init__()
        self.completed = completed


class AnswerCache:
    """Completions with a memory. Nothing in it crosses tenants; who waits for the same shares one call.

    Only the answer of the provider that was meant is kept: one that stood in for it is told, and forgotten.
    """

    def __init__(
        self, cache: Cache, completions: Completions, book: ModelBook, accounting: Accounting
    ) -> None:
        self._cache = cache
        self._completions = completions
        self._book = book
        self._accounting = accounting

    async def complete(self, request: ChatRequest, caller: Caller) -> tuple[Completed, bool]:
        """Return a whole answer and whether it was there already; errors as of Completions."""
        made: Completed | None = None
        meant = self._book.resolve(request.model).targets[0]

        async def make() -> dict[str, Any]:
            nonlocal made
            made = await self._completions.complete(_whole(request), caller)
            if made.target != meant:
                raise _NotKept(made)
            return _stored(made)

        tenant = caller.identity.tenant
        timer = self._accounting.timer()
        try:
            found = _restored(await self._cache.get_or_set(f"llm:{tenant}", _key(tenant, request), make))
        except _NotKept as passed:
            found = passed.completed
        if made is not None:
            return made, False
        self._accounting.settle(
            caller,
            found.target,
            timer,
            Usage(),
            requested_model=request.model,
            outcome=CACHED,
            stream=request.stream,
        )
        return Completed(found.answer, found.target, 0), True


async def told_again(answer: ChatAnswer) -> AsyncIterator[Sequence[Chunk]]:
    """Yield a whole answer as a provider's stream would bring it."""
    yield replayed(answer)


def _key(tenant: str, request: ChatRequest) -> str:
    # What the caller asked in another dialect counts, too: a provider that speaks it may be asked in it.
    said = [_undelivered(each) for each in (request.body, request.asked)]
    passages = [passage.model_dump() for passage in request.passages]
    return cache_key(tenant=tenant, body=said[0], asked=said[1], passages=passages)


def _undelivered(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in _DELIVERY}


def _whole(request: ChatRequest) -> ChatRequest:
    """Return the same request for a whole answer."""
    if not request.stream:
        return request
    return replace(request, body=_undelivered(request.body), stream=False, include_usage=False, raw=b"")


def _stored(completed: Completed) -> dict[str, Any]:
    target, answer = completed.target, completed.answer
    return {
        "raw": answer.raw.decode(),
        "text": answer.text,
        "provider": target.provider,
        "model": target.model,
    }


def _restored(stored: dict[str, Any]) -> Completed:
    raw = stored["raw"].encode()
    answer = ChatAnswer(raw, None, stored["text"])
    answer.usage = wire.usage_of(answer.body())
    return Completed(answer, Target(stored["provider"], stored["model"]), None)
