"""A service that was away and is back: how long its callers leave it alone."""

import asyncio

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.network.ports import free_port
from tests.fakes.network.scripted_server import ScriptedServer
from wattos_platform.kernel.hops import Hops, HopUnavailable
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n" + b'{"ok":true}'


async def test_it_is_asked_again_within_seconds() -> None:
    clock = FakeClock()
    breakers = BreakerRegistry(BreakerSettings(failure_threshold=2), clock=clock)
    with free_port() as port:
        hops = Hops({"rag": f"http://127.0.0.1:{port}"}, breakers)
        with pytest.raises(HopUnavailable):
            await hops.to("rag").json("GET", "/x")
        assert breakers.get("hop:rag").state == "open"
        server = await asyncio.start_server(ScriptedServer(OK).serve, "127.0.0.1", port)
        clock.advance(6)
        assert await hops.to("rag").json("GET", "/x") == {"ok": True}
        assert breakers.get("hop:rag").state == "closed"
        await hops.close()
        server.close()
