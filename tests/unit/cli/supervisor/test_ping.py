"""PING by hand: what a server may say to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from wattos_cli.supervisor.components import ping
from wattos_cli.supervisor.probe import ProbeError

ASKED = b"*2\r\n$4\r\nAUTH\r\n$5\r\np\xc3\xa4ss\r\n*1\r\n$4\r\nPING\r\n"


@contextlib.asynccontextmanager
async def answering(reply: bytes, heard: list[bytes], *, hang: bool = False) -> AsyncIterator[int]:
    """Yield the port of a server that notes what it hears, says `reply` and leaves, unless it shall hang."""
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):  # who asked may have left
            heard.append(await reader.readexactly(len(ASKED)))
            writer.write(reply)
            if hang:
                await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.sleep(0)  # a connection that was just taken begins to be served
        await asyncio.gather(*filter(None, serving))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"+OK\r\n+PONG\r\n", ""),
        (b"-WRONGPASS invalid username-password pair\r\n", "WRONGPASS invalid username-password pair"),
        (b"+OK\r\n-LOADING Redis is loading\r\n", "LOADING Redis is loading"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request"),
    ],
    ids=["pong", "wrong password", "loading", "another protocol"],
)
async def test_what_was_said(reply: bytes, said: str) -> None:
    heard: list[bytes] = []
    async with answering(reply, heard) as port:
        assert await ping.ask(port, "päss", 30.0) == said
    assert heard == [ASKED]


@pytest.mark.parametrize(
    ("reply", "hang", "timeout_s", "reason"),
    [
        (b"", False, 30.0, "0 bytes read"),
        (b"+OK\r\n", True, 0.2, "no answer within 0.2 s"),
        (b"x" * 100_000, True, 30.0, "limit"),
    ],
    ids=["nothing", "half", "a line without end"],
)
async def test_no_answer(reply: bytes, hang: bool, timeout_s: float, reason: str) -> None:
    async with answering(reply, [], hang=hang) as port:
        with pytest.raises(ProbeError, match=reason):
            await ping.ask(port, "päss", timeout_s)


async def test_nobody_listens() -> None:
    async with await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
    with pytest.raises(ProbeError):
        await ping.ask(port, "päss", 5.0)
