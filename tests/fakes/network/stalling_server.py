"""A server that answers at once, and stands still once: whoever comes meanwhile is answered afterwards."""

import asyncio
import threading
import time
from typing import Self

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class StallingServer:
    """Stands still for `stall_s`, `after_s` behind the first request; /connect counts as none.

    `began_s`, `stalled_s` and `ended_s` (monotonic) say when.
    """

    def __init__(self, after_s: float, stall_s: float) -> None:
        self.after_s = after_s
        self.stall_s = stall_s
        self.began_s: float | None = None
        self.stalled_s = 0.0
        self.ended_s = 0.0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def asked(self) -> None:
        """Note the first request."""
        if self.began_s is None:
            self.began_s = time.monotonic()
            self._loop.call_later(self.after_s, self._stall)

    def _stall(self) -> None:
        self.stalled_s = time.monotonic()
        time.sleep(self.stall_s)
        self.ended_s = time.monotonic()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Answering(self), "127.0.0.1", 0, backlog=4096)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()


class _Answering(asyncio.Protocol):
    def __init__(self, server: StallingServer) -> None:
        self._server = server
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._held = (self._held + data).split(b"\r\n\r\n")
        for request in requests:
            if not request.startswith(b"GET /connect"):
                self._server.asked()
            self._transport.write(_ANSWER)
