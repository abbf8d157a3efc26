"""Our answers are uvicorn's to the byte, whatever an application says; only how they are made differs."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from wattos_platform.kernel.http_cycle import Cycle

DEFAULTS = [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT")]


class Transport:
    """Keeps what is written, and whether it was closed."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True


class Flow:
    write_paused = False


def protocol(transport: Transport) -> HttpToolsProtocol:
    made: Any = SimpleNamespace(
        transport=transport,
        flow=Flow(),
        logger=logging.getLogger("test"),
        server_state=SimpleNamespace(default_headers=DEFAULTS),
        expect_100_continue=False,
        on_response_complete=lambda: None,
    )
    return cast("HttpToolsProtocol", made)


def uvicorns(transport: Transport, scope: Any, *, keep_alive: bool) -> RequestResponseCycle:
    of = protocol(transport)
    return RequestResponseCycle(
        scope,
        cast("asyncio.Transport", transport),
        of.flow,
        of.logger,
        of.logger,
        False,
        DEFAULTS,
        asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=of.on_response_complete,
    )


async def told(cycle: RequestResponseCycle, transport: Transport, messages: list[Any]) -> tuple[Any, ...]:
    """Return all that can be seen of an answer; where it failed, but not in which words."""
    for number, message in enumerate(messages):
        try:
            await cycle.send(message)
        except RuntimeError:
            return b"".join(transport.written), transport.closed, f"message {number} failed"
    return b"".join(transport.written), transport.closed, cycle.response_complete, cycle.keep_alive


fields = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([b"Content-Type", b"x-request-id", b"ETag"]), st.binary(max_size=12)),
        st.tuples(st.binary(min_size=1, max_size=6), st.just(b"value")),
        st.just((b"content-length", b"4")),
        st.just((b"Transfer-Encoding", b"Chunked")),
        st.sampled_from([(b"connection", b"Close, x"), (b"Connection", b"keep-alive")]),
    ),
    max_size=6,
)
starts = st.builds(
    lambda status, headers: {"type": "http.response.start", "status": status, "headers": headers},
    st.sampled_from([200, 204, 304, 404, 503]),
    fields,
)
bodies = st.builds(
    lambda body, more: {"type": "http.response.body", "body": body, "more_body": more},
    st.sampled_from([b"", b"ab", b"four", b"longer"]),
    st.booleans(),
)
others = st.sampled_from([{"type": "http.response.trailers"}, {"type": "http.response.body"}])
conversations = st.one_of(
    st.builds(lambda start, rest: [start, *rest], starts, st.lists(bodies, max_size=3)),
    st.lists(st.one_of(starts, bodies, others), max_size=4),
)


@given(conversations, st.sampled_from(["GET", "HEAD"]), st.booleans())
async def test_an_answer_is_uvicorns_to_the_byte(messages: list[Any], method: str, keep_alive: bool) -> None:
    scope = {"method": method, "http_version": "1.1"}
    theirs, ours = Transport(), Transport()
    expected = await told(uvicorns(theirs, scope, keep_alive=keep_alive), theirs, messages)
    got = await told(Cycle(protocol(ours), scope, keep_alive=keep_alive), ours, messages)
    assert expected == got


@pytest.mark.parametrize(
    "field",
    [
        pytest.param((b"x-a", b"1\r\nx-b: 2"), id="two-lines"),
        pytest.param((b"x-a", b"1\n"), id="line-end"),
        pytest.param((b"x a", b"1"), id="space-in-a-name"),
        pytest.param((b"x-a:", b"1"), id="colon-in-a-name"),
    ],
)
async def test_no_field_can_write_another(field: tuple[bytes, bytes]) -> None:
    transport = Transport()
    cycle = Cycle(protocol(transport), {"method": "GET", "http_version": "1.1"}, keep_alive=True)
    with pytest.raises(RuntimeError, match=r"control character|no name"):
        await cycle.send({"type": "http.response.start", "status": 200, "headers": [field]})
    assert transport.written == []


async def test_http_1_0_gets_a_body_without_chunks_that_ends_with_the_connection() -> None:
    transport = Transport()
    cycle = Cycle(protocol(transport), {"method": "GET", "http_version": "1.0"}, keep_alive=False)
    await cycle.send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(3):
        await cycle.send({"type": "http.response.body", "body": b"piece", "more_body": number < 2})
    head, _, body = b"".join(transport.written).partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[2:] == [b"connection: close"]
    assert body == b"piece" * 3
    assert (transport.closed, cycle.response_complete) == (True, True)
