"""An upstream that streams on time: `python -m loadtests.bench.llm_gateway.upstream PORT`.

Every request is answered by 40 chunks, one every 25 ms, each bearing the monotonic time at which it was
written, so that the way of each chunk can be timed at its other end. Whole answers are nginx's business.
"""

import asyncio
import sys
import time
from typing import Any, cast

import httptools
import uvloop

from loadtests.bench.llm_gateway.wire import CHUNKS, INTERVAL_MS, chunk

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_BACKLOG = 4096


class TimedStream(asyncio.Protocol):
    """One connection; its requests are answered one after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._number = 0
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Begin to answer."""
        self._number, self._due = 0, self._loop.time()
        self._transport.write(_HEAD)
        self._write()

    def _write(self) -> None:
        if self._transport.is_closing():
            return
        event = chunk(self._number, time.monotonic_ns())
        end = b"0\r\n\r\n" if self._number == CHUNKS else b""
        self._transport.write(b"%x\r\n%b\r\n%b" % (len(event), event, end))
        if not end:
            self._number += 1
            self._due += INTERVAL_MS / 1000
            self._loop.call_at(self._due, self._write)


async def serve(port: int) -> None:
    """Serve until the process is stopped."""
    server: Any = await asyncio.get_running_loop().create_server(
        TimedStream, "127.0.0.1", port, backlog=_BACKLOG
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
