"""Server-sent events, written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.kernel.event_stream import sse_response
from wattos_platform.kernel.sse import SseEvent, SseTooLargeError, comment, event, parse_sse


async def chunked(data: bytes, size: int):
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def events(data: bytes, size: int = 1 << 20):
    return [found async for found in parse_sse(chunked(data, size))]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (event("hi"), b"data: hi\n\n"),
        (event(b"hi", event="token", id="7"), b"event: token\nid: 7\ndata: hi\n\n"),
        (event("a\nb\r\nc\rd"), b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (event(""), b"data: \n\n"),
        (comment(), b": keep-alive\n\n"),
    ],
)
def test_written(written, expected):
    assert written == expected


def test_a_line_break_in_the_type_is_refused():
    with pytest.raises(ValueError, match="one line"):
        event("x", event="a\ndata: forged")


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\r")), st.sampled_from(["", "token"])
        )
    ),
    st.integers(1, 9),
)
async def test_what_is_written_is_read_wherever_the_chunks_break(sent, size):
    data = b"".join(event(text, event=kind or None) for text, kind in sent)
    assert await events(data, size) == [SseEvent(text, kind) for text, kind in sent]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [SseEvent("a"), SseEvent("b")]),
        (b"data: a\r\rdata:b\r\r.", [SseEvent("a"), SseEvent("b")]),
        (b": comment\n\nretry: 5\n\ndata\n\n", [SseEvent("")]),
        (b"data: no end\n", []),
        (b"\xef\xbb\xbfdata: bom\n\n", [SseEvent("bom")]),
        (b"data: \xff\n\n", [SseEvent("\ufffd")]),
        (b"id: 1\nevent: e\ndata: x\ndata: y\n\n", [SseEvent("x\ny", "e", "1")]),
    ],
    ids=["crlf", "cr", "comment", "unfinished", "bom", "bad-utf8", "all-fields"],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
async def test_read(data, expected, size):
    assert await events(data, size) == expected


async def test_an_event_without_end_takes_no_endless_memory():
    async def endless():
        while True:
            yield b"x" * 1_000_000

    with pytest.raises(SseTooLargeError):
        await anext(parse_sse(endless()))


def test_the_response_tells_proxies_not_to_hold_it_back():
    headers = sse_response(chunked(b"", 1)).headers
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["x-accel-buffering"] == "no"
    assert "no-cache" in headers["cache-control"]
