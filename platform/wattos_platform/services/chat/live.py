"""An answer while it is being given: one task writes it, one caller reads it, both may leave."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.chat.domain.events import AnswerEvent, Delta, Finished

QUEUE_SIZE = 64
"""Events between model and reader; a slow reader slows the model down instead of filling the memory."""


class LiveAnswer:
    """The answer with `message_id`, begun by `start`.

    Unless `durable`, the work stops when the reader leaves. A durable answer is worked to its end, because
    its caller holds a key to come back for it.
    """

    def __init__(self, message_id: str, *, durable: bool) -> None:
        self.message_id = message_id
        self.durable = durable
        self.failure: ServiceError | None = None
        self._parts: list[str] = []
        self._events: asyncio.Queue[AnswerEvent] = asyncio.Queue(QUEUE_SIZE)
        self._read = True
        self.task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work`, which gives the answer, in a task of its own with the caller's context."""
        self.task = asyncio.create_task(work, name=f"answer-{self.message_id}")
        return self.task

    @property
    def text(self) -> str:
        """Return the text so far."""
        return "".join(self._parts)

    async def emit(self, event: AnswerEvent) -> None:
        """Pass `event` on to the reader, waiting while too many are unread; drop it if nobody reads."""
        if isinstance(event, Delta):
            self._parts.append(event.text)
        if self._read:
            await self._events.put(event)

    async def events(self) -> AsyncGenerator[AnswerEvent]:
        """Yield what happens up to and with Finished; leaving early is `leave`."""
        try:
            while True:
                event = await self._events.get()
                yield event
                if isinstance(event, Finished):
                    return
        finally:
            self.leave()

    def leave(self) -> None:
        """Stop reading. Stops the work as well unless the answer is durable."""
        self._read = False
        while not self._events.empty():
            self._events.get_nowait()
        if not self.durable:
            self.cancel()

    def cancel(self) -> None:
        """Stop the work; what there is will be stored as aborted."""
        if self.task is not None and not self.task.done():
            self.task.cancel()
