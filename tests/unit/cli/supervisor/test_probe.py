"""What a service answers is read whole, and not without end."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.network.ports import free_port
from wattos_cli.supervisor import probe
from wattos_cli.supervisor.addresses import Address
from wattos_cli.supervisor.probe import Answer, ProbeError

PARTS = [b"calls_total 12", b"3456\n", b"errors_total 7\n"]
WHOLE = b"".join(PARTS)


async def answered(head: bytes, parts: list[bytes], timeout_s: float = 5) -> Answer:
    """Return what is read of an answer that comes in `parts`, each in a packet of its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass  # who asked has seen enough
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await probe.get(Address(host="127.0.0.1", port=port), "/metrics", timeout_s)


@pytest.mark.parametrize(
    ("head", "parts"),
    [
        (b"Content-Length: %d\r\n" % len(WHOLE), PARTS),
        (
            b"Transfer-Encoding: chunked\r\n",
            [*(b"%x\r\n%b\r\n" % (len(part), part) for part in PARTS), b"0\r\n\r\n"],
        ),
        (b"", PARTS),
    ],
    ids=["length", "chunks", "until closed"],
)
async def test_an_answer_is_read_whole(head: bytes, parts: list[bytes]) -> None:
    assert (await answered(head, parts)).body == WHOLE


@pytest.mark.parametrize(
    ("head", "parts"),
    [
        (b"Content-Length: 99999999999\r\n", []),
        (b"Transfer-Encoding: chunked\r\n", [b"fffffffff\r\n"]),
        (b"", [b"x" * 1024 * 1024] * 20),
    ],
    ids=["length", "chunks", "until closed"],
)
async def test_an_answer_that_is_too_large_is_refused(head: bytes, parts: list[bytes]) -> None:
    with pytest.raises(ProbeError, match="too large"):
        await answered(head, parts)


async def test_an_answer_without_end_is_given_up() -> None:
    with pytest.raises(ProbeError, match="no answer within"):
        await answered(b"", [b"x"] * 1000, timeout_s=0.1)


async def test_a_service_that_has_not_made_its_socket_yet_does_not_listen_yet(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match=r"^it does not listen yet$"):
        await probe.get(Address(path=str(tmp_path / "rag-0.sock")), "/health", 5)


async def test_a_port_that_nobody_listens_at_is_told_without_what_asyncio_adds() -> None:
    with free_port() as port, pytest.raises(ProbeError, match=r"^Connection refused$"):
        await probe.get(Address(host="127.0.0.1", port=port), "/health", 5)
