"""A provider's stream on its way to the caller: opened before the answer begins, ended honestly."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from io import StringIO

from wattos_platform.services.llm_gateway.domain.answers import Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.dialects.dialect import Outlet
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.pricing import cost_member
from wattos_platform.services.llm_gateway.domain.tokens import estimate, estimated_prompt, estimated_usage
from wattos_platform.services.llm_gateway.domain.wire import Usage, at_least

_LONGEST_KEPT_CHARS = 1_000_000


class Relay:
    """Passes chunks on and watches them: text and usage for the row, `finish_reason` for an honest end.

    `on_begin` is called when somebody begins to read, `on_end` exactly once, when the stream has ended for
    whatever reason, which may be that nobody ever began to read (`discard`).
    After it `complete` says whether it ended well, `failure` why not; neither means: the reader left.
    `cost_of` says what a stream that ended well cost, in pico-dollars, and the caller is told.
    `served` is the model that answers, where the chunks until the first content told it.
    """

    def __init__(
        self,
        chunks: AsyncIterator[Sequence[Chunk]],
        request: ChatRequest,
        target: Target,
        outlet: Outlet,
        on_end: Callable[["Relay"], None],
        *,
        on_begin: Callable[["Relay"], None] = lambda _relay: None,
        cost_of: Callable[["Relay", Usage], int | None] = lambda _relay, _usage: None,
    ) -> None:
        self._chunks = chunks
        self._request = request
        self._outlet = outlet
        self._on_end = on_end
        self._on_begin = on_begin
        self._cost_of = cost_of
        self._held: list[Chunk] = []
        self._text = StringIO()  # a list of words takes ten times the memory
        self._kept_chars = 0
        self._is_read = False
        self._finished = False
        self._reported: Usage | None = None
        self._counted = Usage(estimated=True)
        self._counted_chars = 0
        self.target = target
        self.failure: ProviderFailure | None = None
        self.complete = False
        self.served = ""

    async def open(self) -> None:
        """Read until the first content; ProviderFailure if it does not come. Nothing is sent before."""
        try:
            async for batch in self._chunks:
                self._held += batch
                if any(chunk.content for chunk in batch):
                    self.served = next((chunk.served for chunk in self._held if chunk.served), "")
                    return
        except BaseException:
            await self.close()
            raise
        await self.close()
        raise self._cut_short("without an answer")

    async def close(self) -> None:
        """Give the provider's connection back, whatever state it is in."""
        closing = getattr(self._chunks, "aclose", None)
        if closing is not None:
            with contextlib.suppress(RuntimeError):
                await closing()

    async def discard(self) -> None:
        """End an opened stream that nobody has begun to read and nobody will; nothing where somebody has.

        Closing `events` would not do it: a generator that was never started runs no `finally`.
        """
        if not self._is_read:
            self._is_read = True
            await self.close()
            self._on_end(self)

    @property
    def usage(self) -> Usage:
        """Return what the provider counted, or an estimate that says so.

        What it counted before a stream broke off is a beginning: the estimate of the whole may be more.
        """
        reported = self._reported
        if reported is not None and self._finished:
            return reported
        guessed = estimated_usage(self._request, self._text.getvalue())
        return guessed if reported is None else at_least(reported, guessed)

    def used_so_far(self) -> Usage:
        """Return what the running stream has used, estimated; reads only what is new since the last time."""
        counted = self._counted
        self._text.seek(self._counted_chars)
        new = self._text.read()
        self._counted = Usage(
            counted.prompt or estimated_prompt(self._request),
            counted.completion + estimate(new),
            estimated=True,
        )
        self._counted_chars += len(new)
        return self._counted if self._reported is None else at_least(self._reported, self._counted)

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the answer in the caller's dialect; a clean end only after a `finish_reason`."""
        self._is_read = True
        self._on_begin(self)
        try:
            try:
                if begun := self._written(self._held):
                    yield begun
                self._held = []
                async for batch in self._chunks:
                    if written := self._written(batch):
                        yield written
            except ProviderFailure as failure:
                # After the finish_reason the answer is whole; what breaks later takes nothing away.
                self.failure = None if self._finished else failure
            if not self._finished and self.failure is None:
                self.failure = self._cut_short("too early")
            if self.failure is None:
                self.complete = True
                usage = self.usage
                yield self._outlet.end(usage, cost_member(self._cost_of(self, usage)))
            else:
                yield self._outlet.failure(f"{self.failure.message} The answer above is not complete.")
        finally:
            await self.close()
            self._on_end(self)

    def _cut_short(self, how: str) -> ProviderFailure:
        return ProviderFailure("truncated", f"The provider {self.target.provider} ended its stream {how}.")

    def _written(self, batch: Sequence[Chunk]) -> bytes:
        """Note what the chunks say and return them as the caller shall see them."""
        write = self._outlet.chunk
        for chunk in batch:
            if chunk.text and self._kept_chars < _LONGEST_KEPT_CHARS:
                self._text.write(chunk.text)
                self._kept_chars += len(chunk.text)
            if chunk.usage is not None:
                self._reported = chunk.usage
            if chunk.finish_reason:
                self._finished = True
        return write(batch[0]) if len(batch) == 1 else b"".join([write(chunk) for chunk in batch])
