"""Hops against servers that behave in every way a server may, byte by byte."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest

from tests.fakes.network.scripted_server import ScriptedServer
from wattos_platform.kernel import context
from wattos_platform.kernel.hops import HopError, Hops, HopSettings, HopUnavailable
from wattos_platform.kernel.hops.request import kind_of
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.resilience.concurrency_registry import ConcurrencyLimits
from wattos_platform.kernel.resilience.gradient import GradientSettings

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.fixture
async def serve() -> AsyncIterator:
    started = []

    async def build(*scripts, close_after=None, pool_size=100, concurrency=None, **settings):
        server = ScriptedServer(*scripts, close_after=close_after)
        port = await server.start()
        breakers = BreakerRegistry(BreakerSettings(failure_threshold=50), clock=time.monotonic)
        limits = ConcurrencyLimits(concurrency or GradientSettings(minimum=pool_size, maximum=pool_size))
        url = f"http://127.0.0.1:{port}"
        hops = Hops({"rag": url}, breakers, limits, settings=HopSettings(**settings))
        started.append((server, hops))
        return server, hops.to("rag")

    yield build
    for server, hops in started:
        await hops.close()
        await server.stop()


async def get(hop, method="GET", path="/x", **more):
    async with hop.stream(method, path, **more) as response:
        return response.status, await response.read()


async def test_a_connection_is_used_again_after_each_kind_of_answer(serve):
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK
    server, hop = await serve(OK, chunked, b"HTTP/1.1 204 No Content\r\n\r\n", interim, OK)
    answers = [await get(hop) for _ in range(5)]
    assert answers == [(200, b"ok"), (200, b"ok"), (204, b""), (200, b"ok"), (200, b"ok")]
    assert server.connections == 1


async def test_the_answer_to_head_has_no_body_though_it_names_a_length(serve):
    server, hop = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n")
    assert [await get(hop, "HEAD"), await get(hop, "HEAD")] == [(200, b""), (200, b"")]
    assert server.connections == 2


async def test_a_body_without_a_length_ends_with_the_connection(serve):
    _, hop = await serve(b"HTTP/1.1 200 OK\r\n\r\nall of it", close_after=1)
    assert await get(hop) == (200, b"all of it")


@pytest.mark.parametrize(
    "script",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf",
    ],
    ids=["length", "chunked"],
)
async def test_a_body_that_is_cut_is_never_taken_for_whole(serve, script):
    _, hop = await serve(script, close_after=1)
    with pytest.raises(HopUnavailable) as failed:
        await get(hop)
    assert failed.value.reason == "disconnected"


@pytest.mark.parametrize("script", [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 100])
async def test_an_answer_that_is_not_http_is_an_outage(serve, script):
    _, hop = await serve(script)
    with pytest.raises(HopUnavailable):
        await get(hop)


async def test_a_kept_connection_that_was_closed_costs_a_get_no_error(serve):
    server, hop = await serve(OK, close_after=1)
    assert await get(hop) == (200, b"ok")
    await server.closed.wait()
    assert await get(hop) == (200, b"ok")
    assert server.connections == 2


async def drop(reader, writer):
    writer.transport.abort()


async def test_a_get_cut_before_its_answer_on_a_kept_connection_is_sent_once_more(serve):
    server, hop = await serve(OK, drop)
    assert [await get(hop), await get(hop)] == [(200, b"ok")] * 2
    assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_post_cut_before_its_answer_is_not_sent_twice(serve):
    server, hop = await serve(OK, drop)
    await get(hop)
    with pytest.raises(HopUnavailable):
        await get(hop, "POST", json={})
    assert len(server.requests) == 2


async def test_a_first_byte_that_never_comes_is_a_timeout(serve):
    _, hop = await serve(b"", first_byte_s=0.05)
    with pytest.raises(HopUnavailable) as failed:
        await get(hop)
    assert failed.value.reason == "timeout"


async def test_silence_in_the_body_is_a_timeout(serve):
    _, hop = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", idle_s=0.05, idle_margin_s=0.0)
    async with hop.stream("GET", "/x") as response:
        chunks = response.chunks()
        assert await anext(chunks) == b"half"
        with pytest.raises(HopUnavailable) as failed:
            await anext(chunks)
    assert failed.value.reason == "timeout"


async def test_more_calls_than_the_pool_holds_wait_and_then_are_shed(serve):  # defect-46: a bulkhead
    gate = asyncio.Event()

    async def slow(reader, writer):
        await gate.wait()
        writer.write(OK)

    server, hop = await serve(slow, pool_size=2, pool_wait_s=0.05)
    tasks = [asyncio.create_task(get(hop)) for _ in range(5)]
    async with asyncio.timeout(20):
        while sum(task.done() for task in tasks) < 3:
            await asyncio.sleep(0.005)
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert (
        sorted(getattr(result, "reason", "answered") for result in results)
        == ["answered"] * 2 + ["overloaded"] * 3
    )
    assert server.connections == 2
    assert await get(hop) == (200, b"ok")


async def test_a_call_that_has_waited_hands_on_what_is_left_of_its_time(serve):
    async def slow(reader, writer):
        await asyncio.sleep(0.3)
        writer.write(OK)

    server, hop = await serve(slow, pool_size=1)
    asked = time.monotonic()
    context.enter(context.RequestContext("request-1", "ab" * 16, "cd" * 8, deadline=asked + 2))
    await asyncio.gather(get(hop), get(hop))
    first, second = (int(re.search(rb"x-request-deadline-ms: (\d+)", seen)[1]) for seen in server.requests)
    assert second <= first - 250
    # The child's time ends before its parent's.
    assert first <= 1990


async def hang(reader, _writer):
    await reader.read()


async def test_an_open_breaker_is_asked_before_a_place_is_waited_for(serve):
    _, hop = await serve(hang, pool_size=1)
    holding = asyncio.create_task(get(hop))
    await asyncio.sleep(0.05)
    hop._breaker.trip()
    with pytest.raises(HopUnavailable) as failed:
        await get(hop)
    assert failed.value.reason == "breaker_open"
    holding.cancel()


async def test_an_answer_under_way_takes_no_place_of_those_who_wait_for_theirs(serve):
    async def stream(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome")
        await writer.drain()
        await reader.read()

    _, hop = await serve(stream)
    async with hop.stream("GET", "/x"):
        assert (hop.limit.in_flight, hop.limit.open) == (0, 1)
    assert (hop.limit.in_flight, hop.limit.open) == (0, 0)


AT_ONCE = GradientSettings(window_s=0, window_samples=1)


@pytest.mark.parametrize(
    "patience", [{"first_byte_s": 0.05}, {"timeout_s": 0.06}], ids=["first-byte", "caller"]
)
async def test_silence_is_a_call_dropped_for_load(serve, patience):
    _, hop = await serve(hang, concurrency=AT_ONCE)
    with pytest.raises(HopUnavailable):
        await get(hop, **patience)
    assert (hop.limit.limit, hop.limit.in_flight, hop.limit.open) == (90, 0, 0)


@pytest.mark.parametrize("answer", [b"404 Not Found", b"503 Service Unavailable"])
async def test_an_error_says_nothing_of_the_load(serve, answer):
    _, hop = await serve(b"HTTP/1.1 " + answer + b"\r\ncontent-length: 0\r\n\r\n", concurrency=AT_ONCE)
    for _ in range(20):
        await get(hop)
    assert (hop.limit.limit, hop.limit.in_flight, hop.limit.open) == (100, 0, 0)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/search", "GET /api/*/search"),
        ("/api/v1/conversations/0190b5c2-7/messages?limit=2", "GET /api/*/conversations/*/messages"),
        ("/v1/models", "GET /*/models"),
        ("/", "GET /"),
    ],
)
def test_calls_of_like_latency_are_of_one_kind(path, kind):
    assert kind_of("GET", path) == kind


async def test_an_early_answer_ends_an_upload(serve):
    ended = asyncio.Event()

    async def endless():
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    async def refuse(reader, writer):
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")

    server, hop = await serve(refuse)
    assert await get(hop, "POST", body=endless()) == (413, b"")
    await asyncio.wait_for(server.closed.wait(), 60)
    await asyncio.wait_for(ended.wait(), 60)


async def test_an_upload_waits_for_a_server_that_does_not_read(serve):
    produced = 0
    gate = asyncio.Event()

    async def large():
        nonlocal produced
        for _ in range(1280):
            produced += 1
            yield b"x" * 32768

    async def slow(reader, writer):
        await gate.wait()
        while not (await reader.readline()).startswith(b"0\r\n"):
            pass
        writer.write(OK)

    _, hop = await serve(slow)
    task = asyncio.create_task(get(hop, "POST", body=large()))
    await asyncio.sleep(0.2)
    assert produced < 400
    gate.set()
    assert await task == (200, b"ok")
    assert produced == 1280


async def test_an_answer_waits_for_a_reader_that_is_slow(serve):
    sent = 0

    async def flood(reader, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 41943040\r\n\r\n")
        for _ in range(640):
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 1

    _, hop = await serve(flood)
    async with hop.stream("GET", "/x") as response:
        await asyncio.sleep(0.2)
        assert sent < 300
        size = 0
        async for chunk in response.chunks():
            size += len(chunk)
    assert size == 41943040


async def test_an_answer_larger_than_the_limit_is_not_taken_into_memory(serve):
    _, hop = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + b"x" * 100, max_body_bytes=50)
    with pytest.raises(HopError) as failed:
        await get(hop)
    assert (failed.value.status, failed.value.code) == (502, "upstream_too_large")


@pytest.mark.parametrize("header", ["a\r\nx-wattos-identity: forged", "a\nb", "a\rb", "a\0b"])
async def test_no_header_value_becomes_a_header(serve, header):
    server, hop = await serve(OK)
    with pytest.raises(ValueError, match="line break"):
        await get(hop, headers={"x-mine": header})
    assert server.requests == []


@pytest.mark.parametrize(
    ("path", "sent"),
    [("/a?q=ü x", b"/a?q=%C3%BC%20x"), ("/a%20b?c=%2F", b"/a%20b?c=%2F"), ("/a\r\nb", b"/a%0D%0Ab")],
)
async def test_a_path_is_sent_as_given_with_what_cannot_stand_in_it_quoted(serve, path, sent):
    server, hop = await serve(OK)
    await get(hop, path=path)
    assert server.requests[0].split(b" ")[1] == sent


async def test_bodies_say_their_length(serve):
    server, hop = await serve(OK)
    await get(hop, "POST")
    await get(hop, "POST", json={"a": 1}, headers={"Content-Length": "999"})
    await get(hop, "GET", headers={"Content-Length": "999"})
    assert b"content-length: 0\r\n" in server.requests[0]
    assert b"content-length: 7\r\n" in server.requests[1]
    assert b"content-length" not in server.requests[2]


async def test_an_answer_that_is_not_read_closes_its_connection(serve):
    server, hop = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome")
    async with hop.stream("GET", "/x"):
        pass
    await asyncio.wait_for(server.closed.wait(), 60)


async def test_many_calls_at_once_get_their_own_answers(serve):
    async def echo(reader, writer):
        target = server.requests[-1].split(b" ")[1]
        await asyncio.sleep(0.001)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(target), target))

    server, hop = await serve(echo, pool_size=1)
    server.requests.clear()
    answers = await asyncio.gather(*(get(hop, path=f"/{number}") for number in range(50)))
    assert sorted(body for _, body in answers) == sorted(b"/%d" % number for number in range(50))
    assert server.connections == 1
