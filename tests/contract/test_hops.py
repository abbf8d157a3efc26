"""One suite for the fake hop and the real one over aiohttp: what passes with the fake works for real."""

import asyncio
import math
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.fakes.kernel.hops import FakeHop
from tests.fakes.network.ports import free_port
from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel import context
from wattos_platform.kernel.hops import HopClient, HopError, Hops, HopSettings, HopUnavailable
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded


class Upstream:
    """A real server on a free port that answers what it is told; keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[web.BaseRequest] = []
        self.bodies: list[bytes] = []
        self.replies: dict[tuple[str, str], dict] = {}
        self.runner: web.ServerRunner | None = None
        self.gone = asyncio.Event()
        self.port = 0

    async def start(self, port: int = 0) -> None:
        self.runner = web.ServerRunner(
            web.Server(self.answer, handler_cancellation=True), shutdown_timeout=0.1
        )
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", port)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        await self.runner.cleanup()

    def reply(self, method, path, **told) -> None:
        self.replies[method, path] = told

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(request)
        told = self.replies[request.method, request.path_qs]
        if told.get("hang"):
            try:
                await asyncio.sleep(60)
            finally:
                self.gone.set()
        self.bodies.append(await request.read())
        status, headers = told.get("status", 200), told.get("headers", {})
        if "chunks" not in told:
            if "json" in told:
                return web.json_response(told["json"], status=status, headers=headers)
            return web.Response(body=told.get("body", b""), status=status, headers=headers)
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        try:
            for chunk in told["chunks"]:
                if isinstance(chunk, Exception):
                    request.transport.abort()
                    return response
                if chunk == b"HANG":
                    await asyncio.sleep(60)
                await response.write(chunk)
                await asyncio.sleep(0.01)
        except (asyncio.CancelledError, ConnectionError):
            self.gone.set()
            raise
        return response


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    server = Upstream()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def breakers():
    return BreakerRegistry(BreakerSettings(failure_threshold=3), clock=time.monotonic)


@pytest.fixture
async def real(upstream, breakers) -> AsyncIterator[HopClient]:
    hops = Hops(
        {"rag": f"http://127.0.0.1:{upstream.port}"},
        breakers,
        sign=lambda identity, audience: f"{identity.tenant}/{identity.user}@{audience}",
    )
    yield hops.to("rag")
    await hops.close()


@pytest.fixture(params=["fake", "real"])
async def both(request, upstream, real):
    """Return (hop, reply): the client, and how to tell its other side what to answer."""
    if request.param == "real":
        return real, upstream.reply
    fake = FakeHop("rag")
    return fake, fake.reply


async def test_json_is_sent_and_decoded(both):
    hop, reply = both
    reply("POST", "/v1/search?limit=2", json={"hits": ["ä"]})
    assert await hop.json("POST", "/v1/search?limit=2", {"query": "ü"}) == {"hits": ["ä"]}


async def test_an_empty_answer_is_none(both):
    hop, reply = both
    reply("DELETE", "/v1/x", status=204)
    assert await hop.json("DELETE", "/v1/x") is None


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"statusCode": 404, "code": "not_found", "message": "no such space"}, "not_found", "no such space"),
        ({"error": {"message": "bad model", "type": "x", "code": "m", "param": "model"}}, "m", "bad model"),
        (["odd"], "upstream_error", '["odd"]'),
    ],
    ids=["platform-shape", "openai-shape", "no-shape"],
)
async def test_an_error_keeps_its_status_code_and_message(both, body, code, message):
    hop, reply = both
    reply("GET", "/v1/x", status=404, json=body, headers={"Retry-After": "7"})
    with pytest.raises(HopError) as failed:
        await hop.json("GET", "/v1/x")
    assert (failed.value.status, failed.value.code, failed.value.message) == (404, code, message)
    assert failed.value.headers == {"retry-after": "7"}


async def test_an_answer_that_is_not_json_is_a_502(both):
    hop, reply = both
    reply("GET", "/v1/x", body=b"<html>")
    with pytest.raises(HopError) as failed:
        await hop.json("GET", "/v1/x")
    assert (failed.value.status, failed.value.code) == (502, "upstream_invalid")


async def test_a_stream_gives_status_headers_and_all_chunks(both):
    hop, reply = both
    reply("POST", "/s", status=201, chunks=[b"a", b"bc", b"d"], headers={"X-Kind": "k"})
    async with hop.stream("POST", "/s", json={}) as response:
        assert (response.status, response.headers["x-kind"]) == (201, "k")
        assert b"".join([chunk async for chunk in response.chunks()]) == b"abcd"


async def test_an_error_status_of_a_stream_is_no_exception(both):
    hop, reply = both
    reply("GET", "/s", status=500, body=b"oops")
    async with hop.stream("GET", "/s") as response:
        assert (response.status, await response.read()) == (500, b"oops")


async def test_a_stream_that_breaks_off_is_not_a_clean_end(both):
    hop, reply = both
    reply("GET", "/s", chunks=[b"a", ConnectionResetError()])
    async with hop.stream("GET", "/s") as response:
        chunks = response.chunks()
        assert await anext(chunks) == b"a"
        with pytest.raises(HopUnavailable):
            await anext(chunks)


async def parts():
    for part in (b"one ", b"two"):
        yield part


async def test_an_upload_is_passed_on_as_it_comes(both, request, upstream):
    hop, reply = both
    reply("PUT", "/u", json={})
    async with hop.stream("PUT", "/u", body=parts(), headers={"content-type": "text/plain"}) as response:
        await response.read()
    body = hop.requests[0].body if isinstance(hop, FakeHop) else upstream.bodies[0]
    assert body == b"one two"


async def test_a_service_that_is_down_is_a_503_with_a_wait(both, upstream):
    hop, _ = both
    if isinstance(hop, FakeHop):
        hop.down()
    else:
        await upstream.stop()
    with pytest.raises(HopUnavailable) as failed:
        await hop.json("GET", "/x")
    assert (failed.value.status, failed.value.code, failed.value.reason) == (
        503, "upstream_unavailable", "refused"
    )  # fmt: skip
    assert failed.value.headers["Retry-After"] == "1"


# What only the real one has: headers, time-outs, breaker, cancellation.


def request_of(**changes):
    now = time.monotonic()
    values = {"request_id": "request-1", "trace_id": "ab" * 16, "span_id": "cd" * 8, "deadline": now + 50}
    return context.RequestContext(**{**values, **changes})


async def test_context_travels_and_the_callers_own_headers_do_not(real, upstream):
    upstream.reply("GET", "/x", json={})
    context.enter(request_of(identity=Identity("t", "u"), flags="01"))
    await real.json(
        "GET",
        "/x",
        headers={
            "X-Wattos-Identity": "forged",
            "Traceparent": "forged",
            "Connection": "close",
            "X-Mine": "1",
        },
    )
    headers = upstream.seen[0].headers
    assert headers["x-wattos-identity"] == "t/u@rag"
    assert headers["x-request-id"] == "request-1"
    assert headers["x-wattos-attempt"] == "0"
    assert headers["x-mine"] == "1"
    assert "close" not in headers.get("connection", "")
    version, trace, span, flags = headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", "ab" * 16, "01")
    assert span != "cd" * 8
    assert 45_000 < int(headers["x-request-deadline-ms"]) < 50_000


@pytest.mark.parametrize(
    "left_s", [pytest.param(0.04, id="defect-46"), pytest.param(-1, id="defect-46-past")]
)
async def test_no_call_starts_with_less_than_50_ms_left(real, upstream, left_s):
    context.enter(request_of(deadline=time.monotonic() + left_s))
    with pytest.raises(DeadlineExceeded) as failed:
        await real.json("GET", "/x")
    assert failed.value.status == 504
    assert upstream.seen == []


async def test_the_deadline_bounds_a_hanging_call_and_no_breaker_counts_it(real, upstream, breakers):
    upstream.reply("GET", "/x", hang=True)
    context.enter(request_of(deadline=time.monotonic() + 1))
    with pytest.raises(DeadlineExceeded):
        await real.json("GET", "/x")
    await asyncio.wait_for(upstream.gone.wait(), 60)
    assert breakers.get("hop:rag").total_failures == 0


async def test_the_wait_for_the_first_byte_can_be_left_to_the_deadline(upstream, breakers):
    url = f"http://127.0.0.1:{upstream.port}"
    hops = Hops({"rag": url}, breakers, settings=HopSettings(first_byte_s=0.05))
    upstream.reply("GET", "/x", hang=True)
    context.enter(request_of(deadline=time.monotonic() + 1))
    with pytest.raises(HopUnavailable) as failed:
        await hops.to("rag").json("GET", "/x")
    assert failed.value.reason == "timeout"
    with pytest.raises(DeadlineExceeded):
        await hops.to("rag").json("GET", "/x", first_byte_s=math.inf)
    await hops.close()


async def test_the_callers_own_timeout_counts_against_the_upstream(real, upstream, breakers):
    upstream.reply("GET", "/x", hang=True)
    with pytest.raises(HopUnavailable) as failed:
        await real.json("GET", "/x", timeout_s=0.1)
    assert failed.value.reason == "timeout"
    assert breakers.get("hop:rag").total_failures == 1


async def test_cancelling_the_reader_closes_the_upstream_connection_at_once(real, upstream):
    upstream.reply("GET", "/s", chunks=[b"a", b"HANG"])
    started = asyncio.Event()

    async def read() -> None:
        async with real.stream("GET", "/s") as response:
            async for _ in response.chunks():
                started.set()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert upstream.seen[0].transport is None or await closed(upstream.seen[0])


async def closed(request) -> bool:
    for _ in range(3000):
        if request.transport is None or request.transport.is_closing():
            return True
        await asyncio.sleep(0.01)
    return False


async def test_chunks_arrive_before_the_stream_has_ended(real, upstream):
    upstream.reply("GET", "/s", chunks=[b"first", b"HANG"])
    async with real.stream("GET", "/s") as response:
        assert await anext(response.chunks()) == b"first"


@pytest.mark.parametrize("calls", [pytest.param(2, id="defect-44")])
async def test_the_breaker_sees_every_attempt_and_then_no_call_is_made(real, upstream, calls):
    await upstream.stop()
    for _ in range(calls):
        with pytest.raises(HopUnavailable):
            await real.json("GET", "/x")
    with pytest.raises(HopUnavailable) as failed:
        await real.json("GET", "/x")
    assert failed.value.reason == "breaker_open"
    assert int(failed.value.headers["Retry-After"]) > 1


@pytest.mark.parametrize(
    "status", [pytest.param(404, id="defect-41"), pytest.param(503, id="defect-41-its-upstream")]
)
async def test_errors_of_the_caller_or_further_on_do_not_open_the_breaker(real, upstream, breakers, status):
    upstream.reply("GET", "/x", status=status, json={})
    for _ in range(10):
        with pytest.raises(HopError):
            await real.json("GET", "/x")
    assert breakers.get("hop:rag").state == "closed"
    assert breakers.get("hop:rag").total_failures == 0


async def test_bugs_of_the_other_service_open_the_breaker(real, upstream):
    upstream.reply("GET", "/x", status=500, json={"code": "internal_error", "message": "m"})
    for _ in range(3):
        with pytest.raises(HopError):
            await real.json("GET", "/x")
    with pytest.raises(HopUnavailable):
        await real.json("GET", "/x")


async def test_a_refused_connection_is_tried_once_more_with_the_same_upload(upstream, breakers):
    port = upstream.port
    await upstream.stop()

    async def restart(_seconds: float) -> None:
        await upstream.start(port)

    upstream.reply("POST", "/u", json={"ok": True})
    hops = Hops({"rag": f"http://127.0.0.1:{port}"}, breakers, sleep=restart)
    async with hops.to("rag").stream("POST", "/u", body=parts()) as response:
        assert response.status == 200
    await hops.close()
    assert upstream.bodies == [b"one two"]
    assert upstream.seen[0].headers["x-wattos-attempt"] == "1"


async def test_a_call_that_is_itself_a_retry_is_not_retried(upstream, breakers):
    await upstream.stop()
    waits = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    hops = Hops({"rag": f"http://127.0.0.1:{upstream.port}"}, breakers, sleep=sleep)
    context.enter(request_of(attempt=1))
    with pytest.raises(HopUnavailable):
        await hops.to("rag").json("GET", "/x")
    await hops.close()
    assert waits == []


async def test_an_upload_that_its_sender_breaks_off_is_not_held_against_the_service(real, upstream, breakers):
    async def broken():
        yield b"half"
        raise EOFError("the client went away")

    upstream.reply("POST", "/u", json={})
    with pytest.raises(EOFError):
        async with real.stream("POST", "/u", body=broken()):
            pass
    assert breakers.get("hop:rag").total_failures == 0


async def test_ping_asks_liveness(upstream, breakers):
    hops = Hops({"rag": f"http://127.0.0.1:{upstream.port}"}, breakers)
    upstream.reply("GET", "/health/liveness", json={})
    await hops.ping("rag")
    upstream.reply("GET", "/health/liveness", status=503, json={})
    with pytest.raises(ConnectionError, match=r"^it answered 503$"):
        await hops.ping("rag")
    await hops.close()


async def test_ping_says_in_words_that_nobody_listens(breakers):
    with free_port() as port:
        hops = Hops({"rag": f"http://127.0.0.1:{port}"}, breakers)
        with pytest.raises(ConnectionError) as caught:
            await hops.ping("rag")
        assert "Errno" not in str(caught.value)
        await hops.close()
