"""The tool http_request against a real server, and against what a server may do to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.network.ports import free_port
from tests.fakes.services.service_process import sibling
from wattos_platform.kernel.resilience.breaker import (
    Action,
    BreakerRegistry,
    BreakerSettings,
    Order,
    UnknownBreakerError,
)
from wattos_platform.services.agent.adapters.http_tool import MAX_BYTES, MAX_CHARS, HttpRequestTool
from wattos_platform.services.agent.domain.progress import ToolCall
from wattos_platform.services.agent.domain.records import Owner, Run
from wattos_platform.services.agent.domain.web_targets import parse_allowed

RUN = Run("r", Owner("t", "u"), "legal", "x", None, 0.0, "request-1")


class Site:
    """Answers by path; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, path: str, _body: bytes, writer: asyncio.StreamWriter) -> None:
        self.asked.append(path)
        head, body = {
            "/text": ("content-type: text/html; charset=latin-1", "Grüße".encode("latin-1")),
            "/json": ("content-type: application/json", json.dumps({"a": 1}).encode()),
            "/large": ("content-type: text/plain", b"x" * (5 * MAX_BYTES)),
            "/picture": ("content-type: image/png", b"\x89PNG"),
            "/packed": ("content-type: text/plain\r\ncontent-encoding: gzip", b"\x1f\x8b"),
            "/away": ("content-type: text/plain\r\nlocation: http://169.254.169.254/", b""),
            "/charset": ("content-type: text/plain; charset=klingon", b"ok"),
            "/down": ("content-type: text/plain", b"sorry"),
            "/later": ("content-type: text/plain\r\nretry-after: 120", b"too many"),
        }[path]
        statuses = {"/away": "302 Found", "/down": "503 Down", "/later": "429 Too Many Requests"}
        status = statuses.get(path, "200 OK")
        writer.write(f"HTTP/1.1 {status}\r\n{head}\r\nconnection: close\r\n\r\n".encode() + body)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def base(site: Site) -> AsyncIterator[str]:
    async with sibling(site) as url:
        yield url.replace("127.0.0.1", "site.test")


def tool(base: str, *, inside: bool = True, breakers: BreakerRegistry | None = None) -> HttpRequestTool:
    breakers = breakers or BreakerRegistry(BreakerSettings(failure_threshold=5), clock=lambda: 0.0)

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    allowed = parse_allowed(base)
    if inside:
        return HttpRequestTool(allowed, breakers, resolve=resolve, is_allowed_address=lambda _a: True)
    return HttpRequestTool(allowed, breakers, resolve=resolve)


async def call(used: HttpRequestTool, **arguments: Any) -> tuple[dict[str, Any], str | None]:
    result = await used.call(RUN, ToolCall("c", "http_request", arguments))
    return dict(result.output), result.failure.code if result.failure else None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/text", {"status": 200, "content_type": "text/html", "text": "Grüße", "truncated": False}),
        (
            "/json",
            {"status": 200, "content_type": "application/json", "text": '{"a": 1}', "truncated": False},
        ),
        ("/large", {"status": 200, "content_type": "text/plain", "text": "x" * MAX_CHARS, "truncated": True}),
        ("/charset", {"status": 200, "content_type": "text/plain", "text": "ok", "truncated": False}),
    ],
)
async def test_what_is_read(base: str, path: str, expected: dict[str, Any]) -> None:
    assert await call(tool(base), url=base + path) == (expected, None)


@pytest.mark.parametrize("path", ["/picture", "/packed"])
async def test_what_is_no_plain_text_is_not_read(base: str, path: str) -> None:
    output, failure = await call(tool(base), url=base + path)
    assert (output["text"], failure) == ("", None)
    assert "not read" in output["note"]


async def test_a_redirect_is_told_and_not_followed(base: str, site: Site) -> None:
    output, _ = await call(tool(base), url=f"{base}/away")
    assert (output["status"], output["location"]) == (302, "http://169.254.169.254/")
    assert site.asked == ["/away"]


async def test_an_allowed_name_that_leads_inside_is_refused(base: str, site: Site) -> None:  # defect-67
    _, failure = await call(tool(base, inside=False), url=f"{base}/text")
    assert (failure, site.asked) == ("address_refused", [])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "tool_arguments_invalid"),
        ({"url": 7}, "tool_arguments_invalid"),
        ({"url": "BASE/text", "method": "DELETE"}, "tool_arguments_invalid"),
        ({"url": "https://elsewhere.test/"}, "address_refused"),
    ],
)
async def test_what_is_refused(base: str, arguments: dict[str, Any], code: str) -> None:
    given = {n: v.replace("BASE", base) if isinstance(v, str) else v for n, v in arguments.items()}
    assert (await call(tool(base), **given))[1] == code


async def test_a_host_that_keeps_failing_is_left_alone() -> None:
    with free_port() as port:
        base = f"http://site.test:{port}"
        used = tool(base)
        codes = [(await call(used, url=f"{base}/"))[1] for _ in range(6)]
    assert codes == ["tool_failed"] * 5 + ["tool_unavailable"]


async def test_a_host_that_answers_with_its_own_errors_is_left_alone(base: str, site: Site) -> None:
    used = tool(base)
    codes = [(await call(used, url=f"{base}/down"))[1] for _ in range(6)]
    assert codes == [None] * 5 + ["tool_unavailable"]
    assert len(site.asked) == 5


async def test_a_host_that_names_a_wait_is_left_alone_for_that_long(base: str) -> None:
    breakers = BreakerRegistry(BreakerSettings(), clock=lambda: 0.0)
    used = tool(base, breakers=breakers)
    output, _ = await call(used, url=f"{base}/later")
    assert (output["status"], output["text"]) == (429, "too many")
    assert (await call(used, url=f"{base}/text"))[1] == "tool_unavailable"
    breaker = breakers.find("tool:site.test")
    assert breaker is not None
    assert breaker.snapshot().retry_after_s == 120


def test_a_host_can_be_tripped_before_it_was_ever_read() -> None:
    breakers = BreakerRegistry(BreakerSettings(), clock=lambda: 0.0)
    HttpRequestTool(parse_allowed("site.test, .example.org"), breakers)
    trip = Order(Action.TRIP, "drill", "ann@box")
    for host in ("site.test", "www.example.org"):
        breakers.obey(f"tool:{host}", trip)
    with pytest.raises(UnknownBreakerError):
        breakers.obey("tool:elsewhere.test", trip)
