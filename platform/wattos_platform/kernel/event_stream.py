"""An answer that goes out piece by piece, and ends its work when the reader leaves."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wattos_platform.kernel.disconnect import CancelOnDisconnect

_NOT_HELD_BACK = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}


class EventStream(Response):
    """An ASGI answer of server-sent events, each piece sent as it comes.

    A reader that leaves cancels `events` within some 20 ms; one that is slow to read slows `events` down. The
    request's body must have been read before. Starlette's StreamingResponse does the same with a task group.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], headers: Mapping[str, str] | None = None) -> None:
        self._events = events
        self.status_code = 200
        self.background = None
        self.init_headers({**_NOT_HELD_BACK, **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's shape
        """Send the events, as an ASGI app."""
        await self.send_to(receive, send)

    async def send_to(self, receive: Receive, send: Send) -> None:
        """Send the events. Raises ClientDisconnect when the reader left before the end."""
        try:
            async with CancelOnDisconnect(receive) as disconnect:
                disconnect.watch()
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for piece in self._events:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                disconnect.done()
        finally:
            await _closed(self._events)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _closed(events: AsyncIterator[bytes]) -> None:
    close = getattr(events, "aclose", None)
    if close is not None:
        with contextlib.suppress(RuntimeError):
            await close()


def sse_response(events: AsyncIterator[bytes], *, headers: Mapping[str, str] | None = None) -> EventStream:
    """Return an answer that sends `events` as they come and tells proxies not to hold them back."""
    return EventStream(events, headers)
