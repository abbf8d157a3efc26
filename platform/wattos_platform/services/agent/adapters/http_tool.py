"""The tool `http_request`: reads pages of hosts that the operator allows, and changes nothing."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from wattos_platform.kernel.egress import (
    NotPublicError,
    Resolve,
    is_public,
    public_addresses,
    system_addresses,
)
from wattos_platform.kernel.resilience.breaker import BreakerOpen, BreakerRegistry
from wattos_platform.kernel.resilience.retry_after import parse_retry_after, whole_wait_s
from wattos_platform.services.agent.domain.progress import ToolCall
from wattos_platform.services.agent.domain.records import Failure, Run, StepResult
from wattos_platform.services.agent.domain.web_targets import (
    TargetRefusedError,
    WebTarget,
    may_be_read,
    web_target,
)

NAME = "http_request"
TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 2.0
MAX_BYTES = 200_000
MAX_CHARS = 20_000
_SERVER_ERROR = 500
_TOO_MANY = 429
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/xhtml+xml")

# Uncompressed, so that a small answer cannot unfold into a large one.
_HEADERS = {"user-agent": "wattos-agent", "accept-encoding": "identity"}


class HttpRequestTool:
    """Implements Tool. Only GET: what changes something elsewhere would need a person's approval first.

    Redirects are told, not followed; no cookie, no proxy and no credential is ever used. Each host has a
    circuit breaker, for which an answer of 429 or from 500 on is a failure too.
    """

    name = NAME
    schema: Mapping[str, Any] = {
        "name": NAME,
        "description": "Read a web page or an HTTP API with GET. Only hosts that the operator allows.",
        "parameters": {
            "type": "object",
            "properties": {"url": {"type": "string", "description": "The address to read."}},
            "required": ["url"],
            "additionalProperties": False,
        },
    }

    def __init__(
        self,
        allowed: Sequence[str],
        breakers: BreakerRegistry,
        *,
        resolve: Resolve = system_addresses,
        is_allowed_address: Callable[[str], bool] = is_public,
    ) -> None:
        self._allowed = allowed
        self._breakers = breakers
        breakers.admit(
            "tool",
            lambda host: may_be_read(host, allowed),
            replace(breakers.settings, is_failed_result=lambda answer: answer.is_failure),
        )
        self._resolve = resolve
        self._is_allowed_address = is_allowed_address

    async def call(self, _run: Run, call: ToolCall) -> StepResult:
        """Read the page; what fails is a result with a failure."""
        url = call.arguments.get("url")
        if not isinstance(url, str) or set(call.arguments) != {"url"}:
            return _failed("tool_arguments_invalid", "The tool 'http_request' takes exactly one text, 'url'.")
        try:
            target = web_target(url, self._allowed)
            addresses = await public_addresses(
                target.host, target.port, self._resolve, self._is_allowed_address
            )
            breaker = self._breakers.get(f"tool:{target.host}")
            return (await breaker.call(lambda: _read(target, addresses))).result
        except (TargetRefusedError, NotPublicError, BreakerOpen, aiohttp.ClientError, OSError) as error:
            return _failed(*_reason(error))


def _reason(error: Exception) -> tuple[str, str]:
    """Return code and message of a failure; no address of the inside is ever told."""
    match error:
        case TargetRefusedError():
            return "address_refused", f"The address may not be read: {error}."
        case NotPublicError():
            return "address_refused", "The address leads into a private network."
        case BreakerOpen():
            wait_s = whole_wait_s(error.retry_after_s)
            return "tool_unavailable", f"The host is left alone for {wait_s} s: its circuit breaker is open."
        case TimeoutError():
            return "tool_timeout", f"The host did not answer within {TIMEOUT_S:.0f} s."
        case _:
            return "tool_failed", f"The host could not be read ({type(error).__name__})."


class _Pinned(AbstractResolver):
    """Resolves to the addresses that were checked, so that a second look-up cannot lead elsewhere."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Hold nothing, close nothing."""


class _Answer(NamedTuple):
    """What a host answered, and what that says of the host."""

    result: StepResult
    status: int
    retry_after_s: float | None

    @property
    def is_failure(self) -> bool:
        return self.status >= _SERVER_ERROR or self.status == _TOO_MANY


async def _read(target: WebTarget, addresses: Sequence[str]) -> _Answer:
    connector = aiohttp.TCPConnector(resolver=_Pinned(addresses), limit=1, force_close=True)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        ) as session,
        session.get(target.url, allow_redirects=False, headers=_HEADERS) as response,
    ):
        wait_s = parse_retry_after(response.headers.get("retry-after"), time.time())
        return _Answer(await _result(response), response.status, wait_s)


async def _result(response: aiohttp.ClientResponse) -> StepResult:
    kind = response.content_type
    output: dict[str, Any] = {"status": response.status, "content_type": kind}
    location = response.headers.get("location")
    if location is not None:
        output["location"] = location
    coding = response.headers.get("content-encoding", "identity")
    if coding != "identity" or not kind.startswith(_TEXT_TYPES):
        return StepResult({**output, "text": "", "note": "not a plain text; its content was not read"})
    text = _text(await _at_most(response, MAX_BYTES), response.charset)
    return StepResult({**output, "text": text[:MAX_CHARS], "truncated": len(text) > MAX_CHARS})


def _text(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


async def _at_most(response: aiohttp.ClientResponse, size_bytes: int) -> bytes:
    """Return the beginning of the body; the rest stays unread and the connection is closed."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= size_bytes:
            break
    return bytes(body[:size_bytes])


def _failed(code: str, message: str) -> StepResult:
    return StepResult(failure=Failure(code, message))
