"""A provider's stream on its way to the caller: opened before the answer begins, ended honestly."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from wattos_platform.kernel.sse import event
from wattos_platform.services.llm_gateway.domain import context_prompt, wire
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.tokens import estimate, estimate_prompt
from wattos_platform.services.llm_gateway.domain.wire import Usage

_encode = msgspec.json.Encoder().encode
DONE = event("[DONE]")
_LONGEST_KEPT_CHARS = 1_000_000


class Relay:
    """Passes chunks on and watches them: text and usage for the row, `finish_reason` for an honest end.

    `on_end` is called exactly once, when the stream has ended for whatever reason and content had begun.
    After it `complete` says whether it ended well, `failure` why not; neither means: the reader left.
    """

    def __init__(
        self,
        chunks: AsyncIterator[dict[str, Any]],
        request: ChatRequest,
        target: Target,
        on_end: Callable[["Relay"], None],
    ) -> None:
        self._chunks = chunks
        self._request = request
        self._on_end = on_end
        self._held: list[dict[str, Any]] = []
        self._texts: list[str] = []
        self._kept_chars = 0
        self._head: dict[str, Any] = {}
        self.target = target
        self.usage: Usage | None = None
        self.failure: ProviderFailure | None = None
        self.complete = False

    async def open(self) -> None:
        """Read until the first content; ProviderFailure if it does not come. Nothing is sent before."""
        try:
            async for chunk in self._chunks:
                self._held.append(chunk)
                if wire.has_content(chunk):
                    return
        except BaseException:
            await self.close()
            raise
        raise ProviderFailure("truncated", "The provider ended its stream without an answer.")

    async def close(self) -> None:
        """Give the provider's connection back, whatever state it is in."""
        closing = getattr(self._chunks, "aclose", None)
        if closing is not None:
            with contextlib.suppress(RuntimeError):
                await closing()

    def text(self) -> str:
        """Return the text so far, for counting and for citations."""
        return "".join(self._texts)

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the server-sent events of the answer, `[DONE]` only after a `finish_reason`."""
        try:
            async for data in self._pass_on():
                yield data
        finally:
            await self.close()
            self._on_end(self)

    async def _pass_on(self) -> AsyncIterator[bytes]:
        finished = told_usage = False
        try:
            for chunk in self._held:
                finished = finished or wire.finish_reason_of(chunk) is not None
                yield event(_encode(self._prepared(chunk)))
            async for chunk in self._chunks:
                finished = finished or wire.finish_reason_of(chunk) is not None
                shown = self._prepared(chunk)
                if not shown.get("choices"):
                    if not self._request.include_usage:
                        continue
                    told_usage = told_usage or bool(shown.get("usage"))
                yield event(_encode(shown))
        except ProviderFailure as failure:
            # After the finish_reason the answer is whole; a connection that breaks later takes nothing away.
            if not finished:
                self.failure = failure
        if not finished and self.failure is None:
            self.failure = ProviderFailure("truncated", "The provider ended its stream too early.")
        if self.failure is not None:
            yield _error_event(self.failure)
            return
        if self._request.include_usage and not told_usage:
            yield event(_encode(self._estimated_usage()))
        self.complete = True
        yield DONE

    def _prepared(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """Note what the chunk says and return it as the caller shall see it."""
        self._head = self._head or {name: chunk.get(name) for name in ("id", "created", "model")}
        text = wire.text_of_chunk(chunk)
        if text and self._kept_chars < _LONGEST_KEPT_CHARS:
            self._texts.append(text)
            self._kept_chars += len(text)
        self.usage = wire.usage_of(chunk) or self.usage
        if not self._request.include_usage:
            chunk.pop("usage", None)
        if self._request.passages and wire.finish_reason_of(chunk) and "wattos_citations" not in chunk:
            chunk["wattos_citations"] = context_prompt.citations(self.text(), self._request.passages)
        return chunk

    def _estimated_usage(self) -> dict[str, Any]:
        passages = [passage.text for passage in self._request.passages]
        usage = self.usage or Usage(
            estimate_prompt(self._request.messages, passages), estimate(self.text()), estimated=True
        )
        head = self._head
        return wire.usage_chunk(str(head["id"]), int(head["created"] or 0), str(head["model"]), usage)


def _error_event(failure: ProviderFailure) -> bytes:
    body = {
        "message": f"{failure.message} The answer above is not complete.",
        "type": "server_error",
        "param": None,
        "code": "upstream_truncated",
    }
    return event(_encode({"error": body}), event="error")
