"""A raw ASGI upstream on a real socket, for what a framework would smooth over."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import Message, Receive, Scope, Send


@dataclass
class Seen:
    """One request as the upstream saw it."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytearray = field(default_factory=bytearray)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class Upstream:
    """Answers every path in one `mode`; `seen` holds every request.

    `answer`: what `answer` holds. `stream`: `chunks`, each but the first after one `release`. `broken`: the
    first chunk, then the connection breaks. `hang`: nothing, until the client leaves. `late`: as `answer`,
    after one `release`. `deaf`: as `answer`, but only the first piece of the request body is read before.
    """

    def __init__(self) -> None:
        self.port = 1
        self.reset()

    def reset(self) -> None:
        self.mode = "answer"
        self.seen: list[Seen] = []
        self.release = asyncio.Semaphore(0)
        self.entered = asyncio.Event()
        self.chunks: list[bytes] = [b"data: one\n\n", b"data: two\n\n"]
        self.content_type = b"text/event-stream"
        self.answer: tuple[int, list[tuple[bytes, bytes]], bytes] = (200, [], b'{"ok":true}')
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/health/liveness":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})
            return
        seen = Seen(
            scope["method"], scope["raw_path"].decode(), scope["query_string"], dict(scope["headers"])
        )
        self.seen.append(seen)
        self.entered.set()
        if self.mode == "deaf":
            await self._read_first(seen, receive)
        else:
            await self._read(seen, receive)
        watch = asyncio.create_task(self._watch(seen, receive))
        try:
            await self._answer(seen, send)
        finally:
            watch.cancel()

    async def _read(self, seen: Seen, receive: Receive) -> None:
        while True:
            message = await receive()
            seen.body += message.get("body", b"")
            if not message.get("more_body"):
                return

    async def _read_first(self, seen: Seen, receive: Receive) -> None:
        seen.body += (await receive()).get("body", b"")

    async def _watch(self, seen: Seen, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        seen.gone.set()

    async def _answer(self, seen: Seen, send: Send) -> None:
        if self.mode == "late":
            await self.release.acquire()
        if self.mode == "hang":
            await seen.gone.wait()
            return
        if self.mode in {"stream", "broken"}:
            await self._stream(seen, send)
            return
        status, headers, body = self.answer
        length = (b"content-length", str(len(body)).encode())
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json"), length, *headers],
            }
        )
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, seen: Seen, send: Send) -> None:
        headers = [(b"content-type", self.content_type)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, chunk in enumerate(self.chunks):
            if number:
                await self.release.acquire()
            if seen.gone.is_set():
                return
            body: Message = {"type": "http.response.body", "body": chunk, "more_body": True}
            await send(body)
            self.sent += len(chunk)
            if self.mode == "broken":
                raise ConnectionResetError("broken on purpose")
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def listening(upstreams: Sequence[Upstream]) -> AsyncIterator[None]:
    """Serve each of `upstreams` on a free port of its own for as long as the block lasts."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in upstreams]
    by_port = {}
    for upstream, sock in zip(upstreams, sockets, strict=True):
        upstream.port = sock.getsockname()[1]
        by_port[upstream.port] = upstream

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await by_port[scope["server"][1]](scope, receive, send)

    config = uvicorn.Config(
        app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve(sockets))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await asyncio.wait_for(task, 10)
