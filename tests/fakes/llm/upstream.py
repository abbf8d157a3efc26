"""A provider on a free port that does exactly what a test tells it, and keeps what it was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Handler = Callable[[web.BaseRequest, "ScriptedUpstream"], Awaitable[web.StreamResponse]]


class ScriptedUpstream:
    """`handler` answers every POST; `bodies` and `headers` hold what came in."""

    def __init__(self) -> None:
        self.handler: Handler | None = None
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.go = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.url = ""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.method == "GET":
            return web.json_response({"object": "list", "data": [{"id": "listed-model"}]})
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.json())
        try:
            return await self.handler(request, self)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@asynccontextmanager
async def scripted_upstream() -> AsyncIterator[ScriptedUpstream]:
    """Serve a ScriptedUpstream."""
    upstream = ScriptedUpstream()
    runner = web.ServerRunner(web.Server(upstream.answer, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield upstream
    finally:
        await runner.cleanup()


def chunk(delta: dict[str, Any], reason: str | None = None, **extra: Any) -> dict[str, Any]:
    """Return a chunk in OpenAI's shape."""
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": choices,
        **extra,
    }


def streams(*parts: Any) -> Handler:
    """Return a handler that streams `parts`: a chunk, text as it is, or None to wait for `go`."""

    async def handler(request: web.BaseRequest, upstream: ScriptedUpstream) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for part in parts:
            if part is None:
                await upstream.go.wait()
            else:
                data = part if isinstance(part, str) else json.dumps(part)
                await response.write(f"data: {data}\n\n".encode())
        await response.write_eof()
        return response

    return handler


def replies(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    """Return a handler that answers with `body`: JSON, or text as text/html."""

    async def handler(request: web.BaseRequest, upstream: ScriptedUpstream) -> web.StreamResponse:
        if isinstance(body, str):
            return web.Response(text=body, status=status, headers=headers, content_type="text/html")
        return web.json_response(body, status=status, headers=headers)

    return handler


def completion(text: str = "hello", **extra: Any) -> dict[str, Any]:
    """Return a whole answer in OpenAI's shape."""
    message = {"role": "assistant", "content": text}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **extra,
    }
