"""What a hop leaves in the metrics: how long it took, and how it went."""

import asyncio
import time
from contextlib import suppress

import pytest

from tests.fakes.kernel.meter import FakeMeter
from wattos_platform.kernel.hops import Hops, HopUnavailable
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "success"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "success"),
        (b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", "failure"),
        (b"nonsense\r\n\r\n", "failure"),
    ],
    ids=["ok", "callers-mistake", "unavailable", "no-http"],
)
async def test_every_hop_is_timed_by_how_it_went(answer, outcome) -> None:
    async def serve(reader, writer) -> None:
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    meter, url = FakeMeter(), f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    hops = Hops({"rag": url}, BreakerRegistry(BreakerSettings(), clock=time.monotonic), meter=meter)
    try:
        with suppress(HopUnavailable):
            async with hops.to("rag").stream("GET", "/x") as response:
                await response.read()
    finally:
        await hops.close()
        server.close()
    assert meter.count("hop_duration_seconds", target="hop:rag") == 1
    assert meter.count("hop_duration_seconds", outcome=outcome) == 1
