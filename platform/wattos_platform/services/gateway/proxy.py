"""Passing a request on and its answer back: small bodies in one piece, the rest chunk by chunk."""

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from wattos_platform.kernel.context import current
from wattos_platform.kernel.disconnect import CancelOnDisconnect
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops import Hops
from wattos_platform.kernel.hops.ports import HopResponse
from wattos_platform.services.gateway.domain.headers import RequestHeaders, answer_headers
from wattos_platform.services.gateway.domain.routes import GatewayRoute, Streams
from wattos_platform.services.gateway.domain.truncation import truncation_event

# What is read whole before it goes on; larger bodies stream, so memory per request stays bounded.
SMALL_BODY_BYTES = 64 * 1024
SMALL_ANSWER_BYTES = 256 * 1024
# What an answer has beyond the request's time, to say that it is over; one that nobody reads ends then, too.
LAST_WORDS_S = 1.0
_EVENTS = "text/event-stream"
_BODILESS = frozenset({204, 304})


@dataclass(slots=True)
class Passage:
    """An admitted request on its way: its line of the table, its headers, and where the answer goes."""

    route: GatewayRoute
    headers: RequestHeaders
    scope: Scope
    send: Send


async def _pieces(receive: Receive, disconnect: CancelOnDisconnect) -> AsyncIterator[bytes]:
    """Yield the request's body as it arrives; the next piece is asked for when the last was taken.

    Raises ClientDisconnect, and ServiceError 413 from the kernel. Afterwards the client is watched.
    """
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        if chunk := message.get("body", b""):
            yield chunk
    disconnect.watch()


class Proxy:
    """Forwards admitted requests over the kernel's hops."""

    def __init__(self, hops: Hops) -> None:
        self._hops = hops

    async def forward(self, passage: Passage, receive: Receive) -> None:
        """Ask the route's upstream and answer with what it says; a model may think until the deadline.

        Raises ServiceError when the upstream cannot be asked (503), ClientDisconnect when the client left, in
        which case the upstream's work is cancelled.
        """
        route = passage.route
        async with (
            CancelOnDisconnect(receive, deadline=current().deadline + LAST_WORDS_S) as disconnect,
            self._hops.to(route.upstream).stream(
                route.method,
                target(passage.scope),
                body=await _body(passage.headers, receive, disconnect),
                headers=passage.headers.passed,
                first_byte_s=math.inf if route.streams is Streams.ANSWER else None,
            ) as answer,
        ):
            length = answer.headers.get("content-length")
            if length is not None and int(length) <= SMALL_ANSWER_BYTES:
                await _send_whole(answer, disconnect, passage.send)
            else:
                await _send_stream(answer, disconnect, passage)


def target(scope: Scope) -> str:
    """Return path and query for the upstream: the client's, byte for byte."""
    path: str = scope["raw_path"].decode("ascii")
    query: bytes = scope["query_string"]
    return f"{path}?{query.decode('latin-1')}" if query else path


async def _body(
    headers: RequestHeaders, receive: Receive, disconnect: CancelOnDisconnect
) -> bytes | AsyncIterator[bytes] | None:
    size_bytes = headers.body_bytes
    if size_bytes == 0:
        disconnect.watch()
        return None
    if size_bytes is None:
        return _pieces(receive, disconnect)
    if size_bytes > SMALL_BODY_BYTES:
        headers.passed["content-length"] = str(size_bytes)
        return _pieces(receive, disconnect)
    return await _whole(receive, disconnect)


async def _whole(receive: Receive, disconnect: CancelOnDisconnect) -> bytes:
    """Return a small body; as `_pieces`, without the cost of a generator."""
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        parts.append(message.get("body", b""))
    disconnect.watch()
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send_whole(answer: HopResponse, disconnect: CancelOnDisconnect, send: Send) -> None:
    content: bytes = await answer.read()
    disconnect.done()
    fields = answer_headers(answer.headers)
    if answer.status not in _BODILESS:
        fields.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": fields})
    await send({"type": "http.response.body", "body": content})


async def _send_stream(answer: HopResponse, disconnect: CancelOnDisconnect, passage: Passage) -> None:
    send = passage.send
    fields = answer_headers(answer.headers)
    if (length := answer.headers.get("content-length")) is not None:
        fields.append((b"content-length", length.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": fields})
    try:
        async for chunk in answer.chunks():
            # Waits while the client is slow to read, and with it stops the upstream from being read.
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except ServiceError:
        if not answer.headers.get("content-type", "").startswith(_EVENTS):
            # Nothing but a broken connection tells this client that the body is not whole.
            raise
        event = truncation_event(passage.scope["path"], current().request_id)
        await send({"type": "http.response.body", "body": event, "more_body": True})
    disconnect.done()
    await send({"type": "http.response.body", "body": b""})
