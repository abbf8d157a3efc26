"""A connection without requests is closed in time, one in use is not; no request makes a timer."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from uvicorn.server import ServerState

from tests.fakes.kernel.runtime import make_runtime
from wattos_platform.kernel.http_protocol import HttpProtocol
from wattos_platform.kernel.serve import KEEP_ALIVE_S, server_config
from wattos_platform.kernel.service import ServiceSpec, build_service

REQUEST = b"GET /health/liveness HTTP/1.1\r\nHost: x\r\n\r\n"


class Loop:
    """The running loop, but with a clock and timers of its own."""

    def __init__(self) -> None:
        real = asyncio.get_running_loop()
        self.create_task, self.call_soon = real.create_task, real.call_soon
        self.now = 1000.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, action: Callable[[], None]) -> Any:
        self.timers.append((self.now + delay, action))
        return asyncio.get_running_loop().create_future()

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.timers and min(self.timers)[0] <= end:
            self.now, action = self.timers.pop(self.timers.index(min(self.timers)))
            action()
        self.now = end


class Transport:
    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@pytest.fixture
async def loop() -> Loop:
    return Loop()


@pytest.fixture
async def transport() -> Transport:
    return Transport()


@pytest.fixture
async def protocol(tmp_path: Path, loop: Loop, transport: Transport) -> HttpProtocol:
    app = build_service(make_runtime("simulator", tmp_path), ServiceSpec(routes=[]))
    made = HttpProtocol(server_config(app), ServerState(), {}, cast("asyncio.AbstractEventLoop", loop))
    made.connection_made(cast("asyncio.Transport", transport))
    return made


async def answer(protocol: HttpProtocol, transport: Transport) -> None:
    transport.written = b""
    protocol.data_received(REQUEST)
    await asyncio.gather(*protocol.tasks)
    await asyncio.sleep(0)
    assert transport.written.startswith(b"HTTP/1.1 200 ")


async def test_it_is_closed_once_it_has_been_idle_for_its_time(
    protocol: HttpProtocol, loop: Loop, transport: Transport
) -> None:
    await answer(protocol, transport)
    loop.pass_time(KEEP_ALIVE_S - 1)
    await answer(protocol, transport)
    loop.pass_time(KEEP_ALIVE_S - 1)
    assert not transport.closed
    loop.pass_time(1)
    assert transport.closed


async def test_a_request_that_is_being_answered_keeps_it_open(
    protocol: HttpProtocol, loop: Loop, transport: Transport
) -> None:
    await answer(protocol, transport)
    protocol.data_received(REQUEST)
    loop.pass_time(3 * KEEP_ALIVE_S)
    assert not transport.closed
    await asyncio.gather(*protocol.tasks)
    loop.pass_time(KEEP_ALIVE_S)
    assert transport.closed


@pytest.mark.parametrize(
    "pieces", [pytest.param([], id="nothing"), pytest.param([REQUEST[:10], REQUEST[10:20]], id="half-a-head")]
)
async def test_one_that_never_sends_a_whole_head_is_closed(
    protocol: HttpProtocol, loop: Loop, transport: Transport, pieces: list[bytes]
) -> None:
    for piece in pieces:
        loop.pass_time(KEEP_ALIVE_S / 3)
        protocol.data_received(piece)
    loop.pass_time(KEEP_ALIVE_S - len(pieces) * KEEP_ALIVE_S / 3 - 1)
    assert not transport.closed
    loop.pass_time(1)
    assert transport.closed


async def test_many_requests_have_one_timer(protocol: HttpProtocol, loop: Loop, transport: Transport) -> None:
    for _ in range(5):
        await answer(protocol, transport)
    assert len(loop.timers) == 1
