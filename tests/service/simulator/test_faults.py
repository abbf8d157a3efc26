"""Every fault of every provider, whole and streamed, as it looks on the socket."""

import gzip
import json
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest
import pytest_asyncio

from tests.fakes.llm.provider_calls import CALLS
from tests.fakes.network.raw_answer import ask_raw, sent

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("provider", list(CALLS)),
    pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"]),
]


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def eight_tokens(sim):
    await sim.behave(answer_tokens=8)


@pytest.fixture
def ask(sim, provider, stream):
    async def ask():
        return await ask_raw(sim.url, CALLS[provider].raw(stream=stream))

    return ask


def tokens_in(body: bytes, provider: str) -> int:
    """Return how many tokens of the plain answer a piece of a stream holds: each is one word of the list."""
    marker = {
        "openai": b'"content":"',
        "azure": b'"content":"',
        "anthropic": b'"text":"',
        "google": b'"text":"',
        "ollama": b'"content":"',
    }
    return sum(1 for part in body.split(marker[provider])[1:] if not part.startswith(b'"'))


async def test_without_a_fault_the_answer_is_whole(ask, provider, stream, sim):
    answer, call = await ask(), CALLS[provider]
    assert (answer.status, answer.end) == (200, "whole")
    assert call.finish in answer.body
    assert call.content in answer.body
    if stream:
        assert answer.headers["content-type"] == call.stream_type
        assert answer.body.endswith(call.last)
        assert tokens_in(answer.body, provider) == 8
    else:
        assert isinstance(answer.json, dict)
    told = await sim.last()
    assert (told["provider"], told["outcome"], told["output_tokens"]) == (provider, "completed", 8)


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503, 529])
async def test_status(ask, provider, stream, sim, status):
    await sim.fault("status", status=status)
    answer = await ask()
    assert (answer.status, answer.end, answer.headers["content-type"]) == (
        status,
        "whole",
        "application/json",
    )
    assert "error" in answer.json
    told = await sim.last()
    assert (told["outcome"], told["fault"], told["status"], told["input_tokens"]) == (
        "failed",
        "status",
        status,
        0,
    )


@pytest.mark.parametrize("form", ["seconds", "date", "none"])
async def test_rate_limit(ask, provider, stream, sim, form):
    await sim.fault("rate_limit", retry_after_s=7, retry_after=form)
    answer = await ask()
    assert answer.status == 429
    told = answer.headers.get("retry-after")
    if form == "date":
        arrived = datetime.fromisoformat((await sim.last())["time"])
        assert 7 <= (parsedate_to_datetime(told) - arrived).total_seconds() < 9
        assert told.endswith("GMT")
    else:
        assert told == {"seconds": "7", "none": None}[form]


async def test_reset_before_any_byte(ask, provider, stream, sim):
    await sim.fault("reset")
    answer = await ask()
    assert (answer.status, answer.end) == (0, "reset")
    assert (await sim.settled())["outcome"] == "failed"


async def test_refuse_at_the_simulators_own_port_is_a_reset(ask, provider, stream, sim):
    await sim.fault("refuse", provider=provider)
    assert (await ask()).end == "reset"


async def test_reset_in_the_middle(ask, provider, stream, sim):
    await sim.fault("reset", after_tokens=3)
    answer = await ask()
    assert (answer.status, answer.end) == (200, "reset")
    assert unfinished(answer.body, provider, stream)
    if stream:
        assert tokens_in(answer.body, provider) == 3
    assert (await sim.settled())["output_tokens"] == (3 if stream else 8)


async def test_disconnect(ask, provider, stream, sim):
    await sim.fault("disconnect")
    answer = await ask()
    assert (answer.status, answer.end) == (200, "cut")
    assert len(answer.body) > 0
    assert unfinished(answer.body, provider, stream)


async def test_truncate(ask, provider, stream, sim):
    await sim.fault("truncate", after_tokens=5)
    answer = await ask()
    assert (answer.status, answer.end) == (200, "whole")
    assert unfinished(answer.body, provider, stream)
    if stream:
        assert tokens_in(answer.body, provider) == 5


async def test_truncate_after_more_tokens_than_there_are_still_has_no_end(ask, provider, stream, sim):
    await sim.fault("truncate", after_tokens=1000)
    answer = await ask()
    assert unfinished(answer.body, provider, stream)
    assert not stream or tokens_in(answer.body, provider) == 8


async def test_hang(sim, provider, stream):
    await sim.fault("hang")
    async with sent(sim.url, CALLS[provider].raw(stream=stream)) as reader:
        while not (counts := await sim.counts())["in_flight"]:
            pass
        assert counts["recent"][-1]["status"] is None
        assert reader._buffer == b""
    told = await sim.settled()
    assert (told["outcome"], told["input_tokens"]) == ("abandoned", 0)


async def test_stall(sim, provider, stream):
    await sim.fault("stall", after_tokens=4)
    async with sent(sim.url, CALLS[provider].raw(stream=stream)) as reader:
        seen = await reader.readuntil(b"\r\n\r\n")
        while not (counts := await sim.counts())["recent"] or counts["recent"][-1]["output_tokens"] < 4:
            pass
        seen += await reader.read(65_536)
        assert counts["in_flight"] == 1
        assert unfinished(seen.partition(b"\r\n\r\n")[2], provider, stream)
        assert not stream or tokens_in(seen, provider) == 4
    told = await sim.settled()
    assert (told["outcome"], told["output_tokens"]) == ("abandoned", 4 if stream else 8)


@pytest.mark.parametrize("headers", ["late", "at_once"])
async def test_slow_first_byte(sim, provider, stream, headers):
    await sim.fault("slow_first_byte", delay_s=0.4, headers=headers)
    async with sent(sim.url, CALLS[provider].raw(stream=stream)) as reader:
        while not (counts := await sim.counts())["in_flight"]:
            pass
        if headers == "at_once":
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert not reader._buffer
        else:
            assert counts["recent"][-1]["status"] is None
        rest = await reader.read()
    assert CALLS[provider].finish in rest
    assert (await sim.last())["outcome"] == "completed"


async def test_slow_stream(ask, provider, stream, sim):
    await sim.fault("slow_stream", tokens_per_s=200)
    answer = await ask()
    assert CALLS[provider].finish in answer.body
    told = await sim.last()
    assert (told["outcome"], told["output_tokens"]) == ("completed", 8)
    assert told["duration_ms"] >= 8 * 5 - 1


async def test_error_body(ask, provider, stream, sim):
    await sim.fault("error_body", status=503)
    answer = await ask()
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["error"]


async def test_error_event(ask, provider, stream, sim):
    await sim.fault("error_event", after_tokens=2, status=529)
    answer = await ask()
    assert (answer.status, answer.end) == (200, "whole")
    assert CALLS[provider].finish not in answer.body
    if stream:
        assert tokens_in(answer.body, provider) == 2
        last = answer.body.rstrip(b"\n").rpartition(b"\n")[2].removeprefix(b"data: ")
        assert json.loads(last)["error"]
        assert (b"event: error\n" in answer.body) == (provider == "anthropic")


async def test_blocked(ask, provider, stream, sim):
    await sim.fault("blocked")
    answer = await ask()
    assert answer.status == (200 if provider == "google" else 400)
    assert CALLS[provider].content not in answer.body


async def test_content_type(ask, provider, stream, sim):
    plain = await ask()
    await sim.fault("content_type", content_type="text/plain")
    answer = await ask()
    assert answer.headers["content-type"] == "text/plain"
    assert abs(len(answer.body) - len(plain.body)) < 20


async def test_not_json(ask, provider, stream, sim):
    await sim.fault("not_json")
    answer = await ask()
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<!DOCTYPE html>")


async def test_empty(ask, provider, stream, sim):
    await sim.fault("empty")
    answer = await ask()
    kind = CALLS[provider].stream_type if stream else "application/json"
    assert (answer.status, answer.headers["content-type"], answer.body, answer.end) == (
        200,
        kind,
        b"",
        "whole",
    )


async def test_broken_json(ask, provider, stream, sim):
    await sim.fault("broken_json", after_tokens=3)
    answer = await ask()
    assert (answer.status, answer.end) == (200, "whole")
    if stream:
        events = [
            line.removeprefix(b"data: ")
            for line in answer.body.split(b"\n")
            if line.startswith((b"data: {", b"{"))
        ]
        assert [readable(event) for event in events].count(False) == 1
        assert answer.body.endswith(CALLS[provider].last)
    else:
        assert not readable(answer.body)


async def test_garbage(ask, provider, stream, sim):
    await sim.fault("garbage", after_tokens=3)
    answer = await ask()
    assert b"\xff\xfe\x00<<<garbage>>>" in answer.body
    assert CALLS[provider].finish in answer.body
    assert not stream or tokens_in(answer.body, provider) == 8


async def test_oversized(ask, provider, stream, sim):
    await sim.fault("oversized", size_bytes=300_000)
    answer = await ask()
    assert len(answer.body) > 300_000
    assert CALLS[provider].finish in answer.body
    assert max(len(line) for line in answer.body.split(b"\n")) > 300_000
    assert stream or answer.json["padding"]


async def test_no_content(ask, provider, stream, sim):
    await sim.fault("no_content")
    answer = await ask()
    assert (answer.status, answer.end) == (200, "whole")
    assert CALLS[provider].content not in answer.body
    assert not stream or answer.body.endswith(CALLS[provider].last)


async def test_gzip(ask, provider, stream, sim):
    plain = await ask()
    await sim.fault("gzip")
    answer = await ask()
    assert answer.headers["content-encoding"] == "gzip"
    assert len(gzip.decompress(answer.body)) == pytest.approx(len(plain.body), abs=20)
    assert (await sim.last())["outcome"] == "completed"


async def test_false_gzip(ask, provider, stream, sim):
    await sim.fault("false_gzip")
    answer = await ask()
    assert answer.headers["content-encoding"] == "gzip"
    assert CALLS[provider].finish in answer.body
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(answer.body)


def unfinished(body: bytes, provider: str, stream: bool) -> bool:
    """Return whether a reader must see that the answer is not all there."""
    if not stream:
        return not readable(body)
    ends = (CALLS[provider].finish, b"[DONE]", b"message_stop")
    return not any(end in body for end in ends)


def readable(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
