"""What a server says unasked reaches nobody: taken for the next answer, it would show a caller another's."""

import asyncio
from asyncio import StreamReader, StreamWriter
from math import inf

import pytest

from tests.fakes.network.scripted_server import ScriptedServer
from wattos_platform.kernel.hops.pool import WirePool
from wattos_platform.kernel.hops.wire import WireError

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
STRAY = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nothers"


async def ask(pool: WirePool) -> bytes:
    """Return the body of one answer, the connection given back."""
    connection = await pool.take(5)
    connection.send("GET", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", None, chunked=False)
    await connection.head(5, inf)
    body = b""
    while piece := await connection.chunk(5, inf):
        body += piece
    pool.give(connection)
    return body


@pytest.mark.parametrize("stray", [STRAY, STRAY[:20]], ids=["whole", "begun"])
@pytest.mark.parametrize("apart", [False, True], ids=["at-once", "later"])
async def test_an_answer_to_no_request_ends_its_connection(stray: bytes, *, apart: bool) -> None:
    was_read = asyncio.Event()

    async def answer_twice(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(OK if apart else OK + stray)
        if apart:
            await was_read.wait()
            writer.write(stray)

    server = ScriptedServer(answer_twice)
    pool = WirePool(f"http://127.0.0.1:{await server.start()}", 1)
    assert await ask(pool) == b"ok"
    was_read.set()
    await asyncio.wait_for(server.closed.wait(), 60)
    server.scripts = (OK,)
    assert await ask(pool) == b"ok"
    assert server.connections == 2
    await pool.close()
    await server.stop()


async def test_a_change_of_protocol_breaks_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    change = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
    server = ScriptedServer(change)
    pool = WirePool(f"http://127.0.0.1:{await server.start()}", 1)
    with pytest.raises(WireError):
        await ask(pool)
    await pool.close()
    await server.stop()
    assert caplog.records == []
