"""An answer leaves in one write, and its head waits for its body no longer than the loop's next turn."""

import asyncio
from typing import Any, cast

import pytest

from wattos_platform.kernel.joined_writes import JoinedWrites

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Transport:
    """Keeps what a transport is told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def write_eof(self) -> None:
        self.told.append("eof")

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")

    def is_closing(self) -> bool:
        return "close" in self.told


@pytest.fixture
async def transport() -> Transport:
    return Transport()


@pytest.fixture
async def joined(transport: Transport) -> JoinedWrites:
    return JoinedWrites(cast("asyncio.Transport", transport), asyncio.get_running_loop())


async def test_a_head_and_its_body_are_one_write(transport: Transport, joined: JoinedWrites) -> None:
    joined.write(HEAD)
    joined.write(b"ok")
    assert transport.told == []
    await asyncio.sleep(0)
    assert transport.told == [HEAD + b"ok"]


async def test_what_is_held_stays_small(transport: Transport, joined: JoinedWrites) -> None:
    pieces = [bytes([n]) * 10_000 for n in range(20)]
    joined.write(HEAD)
    for piece in pieces:
        joined.write(piece)
    assert len(b"".join(transport.told)) > 100_000
    await asyncio.sleep(0)
    assert b"".join(transport.told) == HEAD + b"".join(pieces)


async def test_a_head_alone_leaves_in_the_next_turn(transport: Transport, joined: JoinedWrites) -> None:
    joined.write(HEAD)
    assert transport.told == []
    await asyncio.sleep(0)
    joined.write(b"first piece")
    joined.write(b"second piece")
    assert transport.told == [HEAD, b"first piece", b"second piece"]


async def test_a_large_body_is_not_copied(transport: Transport, joined: JoinedWrites) -> None:
    body = bytes(100_000)
    joined.write(HEAD)
    joined.write(body)
    assert transport.told == [HEAD, body]
    assert transport.told[1] is body


async def test_an_aborted_answer_is_not_written(transport: Transport, joined: JoinedWrites) -> None:
    joined.write(HEAD)
    joined.abort()
    await asyncio.sleep(0)
    assert transport.told == ["abort"]


async def test_two_heads_in_one_turn_keep_their_order(transport: Transport, joined: JoinedWrites) -> None:
    joined.write(HEAD)
    joined.write(HEAD)
    await asyncio.sleep(0)
    assert b"".join(transport.told) == HEAD + HEAD


@pytest.mark.parametrize(("end", "told"), [("close", "close"), ("write_eof", "eof")])
async def test_the_end_comes_after_what_waits(
    transport: Transport, joined: JoinedWrites, end: str, told: str
) -> None:
    joined.write(HEAD)
    getattr(joined, end)()
    await asyncio.sleep(0)
    assert transport.told == [HEAD, told]
    assert joined.is_closing() is (end == "close")
