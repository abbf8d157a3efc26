"""The load that wrk cannot make: requests at a fixed rate, and many streams at once; one process.

Reads an Order from stdin and writes what it saw to stdout, both as MessagePack: `python -m
loadtests.bench.llm_gateway.client`.
"""

import asyncio
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable
from typing import cast

import httptools
import msgspec
import uvloop

from loadtests.bench.figures import percentile
from loadtests.bench.llm_gateway.wire import CHUNKS, LONGEST_MARK, MARK, STREAM_S, Order, Told

_OK = 200
_MOST_AT_ONCE = 2000
# What a moment of noise opened is closed again, or its connections would be taken for growth.
_MOST_KEPT = 64
_PATIENCE_S = 20.0
_WARM_UP = 10


class Connection(asyncio.Protocol):
    """One kept connection that carries one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._ended: asyncio.Future[int] | None = None
        self._on_body: Callable[[bytes], None] | None = None
        self.transport: asyncio.Transport

    def ask(self, request: bytes, on_body: Callable[[bytes], None] | None = None) -> asyncio.Future[int]:
        """Send `request`; its end as a monotonic instant in ns, ConnectionError if it failed."""
        self._parser = httptools.HttpResponseParser(self)
        self._ended = ended = asyncio.get_running_loop().create_future()
        self._on_body = on_body
        self.transport.write(request)
        return ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._parser.feed_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Fail what had not ended."""
        self._end(ConnectionError("the connection was closed"))

    def on_body(self, body: bytes) -> None:
        """Show the piece to who asked for it."""
        if self._on_body is not None:
            self._on_body(body)

    def on_message_complete(self) -> None:
        """Note the end."""
        status = self._parser.get_status_code()
        self._end(None if status == _OK else ConnectionError(f"status {status}"))

    def _end(self, error: Exception | None) -> None:
        ended, self._ended = self._ended, None
        if ended is None or ended.done():
            return
        if error is None:
            ended.set_result(time.monotonic_ns())
        else:
            ended.set_exception(error)


async def connect(port: int) -> Connection:
    """Return a new connection; OSError if nobody takes it."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
    return connection


class Rate:
    """An open loop: requests leave when they are due, whatever became of those before."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._idle: list[Connection] = []
        self._took_ms = array("d")
        self._faults = Counter[str]()

    async def run(self) -> Told:
        """Send all requests and wait for their answers."""
        for _ in range(_WARM_UP):
            await self._one()
        self._took_ms, self._faults = array("d"), Counter()
        loop, order = asyncio.get_running_loop(), self._order
        begin = loop.time()
        running: set[asyncio.Task[None]] = set()
        for number in range(int(order.per_s * order.seconds)):
            await asyncio.sleep(max(0.0, begin + number / order.per_s - loop.time()))
            if len(running) >= _MOST_AT_ONCE:
                self._faults["not sent"] += 1
                continue
            task = asyncio.create_task(self._one())
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        took = sorted(self._took_ms)
        return Told(len(took), self._faults, percentile(took, 0.5), percentile(took, 0.99))

    async def _one(self) -> None:
        connection = self._idle.pop() if self._idle else None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                connection = connection or await connect(self._order.port)
                began = time.monotonic_ns()
                ended = await connection.ask(self._order.request)
        except (OSError, TimeoutError) as error:
            self._faults[_reason(error)] += 1
            if connection is not None:
                connection.transport.close()
            return
        self._took_ms.append((ended - began) / 1e6)
        if not connection.transport.is_closing():
            if len(self._idle) < _MOST_KEPT:
                self._idle.append(connection)
            else:
                connection.transport.close()


class Reader:
    """Reads one stream: when its first chunk came, and how long each chunk was on its way."""

    def __init__(self, delays_ms: "array[float]") -> None:
        self._delays_ms = delays_ms
        self._tail = b""
        self.first_ns = 0
        self.chunks = 0

    def read(self, body: bytes) -> None:
        """Look for marks in the next piece, wherever it was cut."""
        now = time.monotonic_ns()
        text = self._tail + body
        end = 0
        for mark in MARK.finditer(text):
            self._delays_ms.append((now - int(mark[1])) / 1e6)
            self.chunks += 1
            self.first_ns = self.first_ns or now
            end = mark.end()
        self._tail = text[max(end, len(text) - LONGEST_MARK) :]


class Streams:
    """Lanes that each read one stream after the other, begun evenly over the time that a stream takes."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._delays_ms = array("d")
        self._first_ms: list[float] = []
        self._faults = Counter[str]()

    async def run(self) -> Told:
        """Read all streams."""
        await asyncio.gather(*(self._lane(number) for number in range(self._order.lanes)))
        delays = sorted(self._delays_ms)
        return Told(
            len(self._first_ms),
            self._faults,
            percentile(delays, 0.5),
            percentile(delays, 0.99),
            percentile(sorted(self._first_ms), 0.5),
        )

    async def _lane(self, number: int) -> None:
        await asyncio.sleep(number / self._order.lanes * STREAM_S)
        connection: Connection | None = None
        for _ in range(self._order.waves):
            reader = Reader(self._delays_ms)
            try:
                async with asyncio.timeout(STREAM_S + _PATIENCE_S):
                    if connection is None or connection.transport.is_closing():
                        connection = await connect(self._order.port)
                    began = time.monotonic_ns()
                    await connection.ask(self._order.request, reader.read)
            except (OSError, TimeoutError) as error:
                self._faults[_reason(error)] += 1
                if connection is not None:
                    connection.transport.abort()
                continue
            if reader.chunks == CHUNKS:
                self._first_ms.append((reader.first_ns - began) / 1e6)
            else:
                self._faults["chunks are missing"] += 1


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


async def carry_out(order: Order) -> Told:
    """Do what is ordered and return what was seen."""
    return await (Streams(order) if order.lanes else Rate(order)).run()


if __name__ == "__main__":
    given = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(carry_out(given))))
