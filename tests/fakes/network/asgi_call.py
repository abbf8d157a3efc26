"""One request on an ASGI app, whose client may read slowly, or leave."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message


class AsgiCall:
    """Runs in the background; `body` grows as the app sends, `leave` is a closed connection."""

    def __init__(self, app: ASGIApp, method: str, path: str, body: Any, headers: Mapping[str, str]) -> None:
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self._incoming.put_nowait(
            {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}
        )
        self._news = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self.status = 0
        self.body = b""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("test", 3999),
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))  # type: ignore[arg-type]

    async def _receive(self) -> Message:
        return await self._incoming.get()

    async def _send(self, message: Message) -> None:
        await self._open.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")
        self._news.set()

    def leave(self) -> None:
        self._incoming.put_nowait({"type": "http.disconnect"})

    def pause(self) -> None:
        """Read nothing until `resume`."""
        self._open.clear()

    def resume(self) -> None:
        self._open.set()

    async def until(self, needle: bytes) -> None:
        while needle not in self.body:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 10)
