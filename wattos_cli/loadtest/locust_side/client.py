"""The client of a journey under Locust: every call blocks its greenlet, no coroutine ever suspends.

Beneath it is what Locust's FastHttpUser uses, without its cookies and redirects.
"""

import os
import select
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import gevent
import gevent.monkey
import gevent.ssl
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPParseError

from wattos_cli.loadtest.driving.answers import NO_ANSWER
from wattos_cli.loadtest.driving.bodies import encoded
from wattos_cli.loadtest.driving.client import MeasuringClient
from wattos_cli.loadtest.driving.evidence import error_line, failure
from wattos_cli.loadtest.driving.streaming import NotedStream
from wattos_cli.loadtest.journey import PATIENCE, Answer, Patience
from wattos_cli.loadtest.measuring.collector import Observed

_MS = 1000.0
_FAILURES = (OSError, HTTPParseError, ValueError)
Fire = Callable[..., Any]
ResultT = TypeVar("ResultT")


class LocustClient(MeasuringClient):
    """Implements Client; tells Locust of every measured request by `fire` (`events.request.fire`).

    In the open model it is the recorder that adds what an iteration had to wait.
    """

    cut_off_by = gevent.GreenletExit

    def __init__(self, host: str, token: str, fire: Fire, patience: Patience = PATIENCE) -> None:
        self._answer_s = patience.answer_s
        # One connection is kept; a second may be open while a stream of the same user is read.
        self._http = HTTPClient.from_url(
            host,
            concurrency=2,
            connection_timeout=patience.connect_s,
            network_timeout=patience.silence_s,
            ssl_context_factory=lambda **_given: _tls(os.environ.get("SSL_CERT_FILE")),
        )
        pool: Any = self._http._connection_pool  # noqa: SLF001 - there is no other way in
        pool._is_socket_alive = _is_idle  # noqa: SLF001 - same
        self._prefix = urlsplit(host).path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._fire = fire

    def stream(
        self, method: str, path: str, *, json: Any = None, name: str = ""
    ) -> AbstractAsyncContextManager["LocustStream"]:
        """Send a request whose answer is read as it comes."""
        return LocustStream(self, method, path, json, f"{method} {name or path}")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        gevent.sleep(seconds)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, method: str, path: str, body: bytes | None, kind: str) -> Any:
        """Send a request and return geventhttpclient's response, of which the head has arrived."""
        headers = {**self._headers, "Content-Type": kind} if kind else self._headers
        return self._http.request(method, self._prefix + path, body, headers)

    def record(self, seen: Observed) -> None:
        """Tell Locust of a request that ended; it has the method apart from the name."""
        method, _, name = seen.name.partition(" ")
        context = {
            "ttft_ms": seen.ttft_ms,
            "itl_ms": seen.itl_ms,
            "tokens": seen.tokens,
            "usd": seen.usd,
            "trace_id": seen.trace_id,
        }
        self._fire(
            request_type=method,
            name=name,
            response_time=seen.latency_ms,
            response_length=0,
            response=_Seen(seen.status),
            exception=RequestFailed(seen.error) if seen.error else None,
            context=context,
            start_time=time.time() - (seen.latency_ms or 0.0) / _MS,
            url=name,
        )

    async def _exchange(
        self, method: str, path: str, json: Any, content: bytes | None, kind: str
    ) -> tuple[Answer, str, float]:
        """Return the answer, why there is none, and when it was there."""
        body, kind = encoded(json, content, kind)
        try:
            with gevent.Timeout(self._answer_s, TimeoutError(f"no whole answer within {self._answer_s:g} s")):
                response = self.send(method, path, body, kind)
                data = response.read()
        except _FAILURES as error:
            return NO_ANSWER, error_line(error), time.monotonic()
        return Answer(response.get_code(), lowered(response), data), "", time.monotonic()


class LocustStream(NotedStream):
    """Implements Stream, as the block that reads it."""

    def __init__(self, client: LocustClient, method: str, path: str, json: Any, label: str) -> None:
        super().__init__(label)
        self._client = client
        self._request = (method, path, *encoded(json, None, ""))
        self._response: Any = None
        self._headers: Mapping[str, str] = {}

    async def __aenter__(self) -> Self:
        """Send the request and wait for the head of its answer."""
        self._begin(self._client.began_s())
        try:
            self._response = self._client.send(*self._request)
        except _FAILURES as error:
            self._error = error_line(error)
            return self
        self.status = self._response.get_code()
        self._headers = lowered(self._response)
        self._error = failure(Answer(self.status, self._headers, b""), None)
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        """Tell Locust how it went; what the block did not read is thrown away with the connection."""
        ended_s = time.monotonic()
        if self._response is not None:
            self._response.release()
        if isinstance(error, gevent.GreenletExit):
            if not self._counts_cut_off(ended_s):
                return
        elif error is not None:
            self.fail(error_line(error))
        self._client.record(self._observed(ended_s, self._headers))

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the lines of the body without their ends, as they arrive."""
        while self._response is not None:
            try:
                line = self._response.readline(b"\n")
                if not line:
                    line = self._response.read()  # a last line without an end
                    if not line:
                        return
            except _FAILURES as error:
                self.fail(f"the stream broke off: {error_line(error)}")
                return
            self._line_s = time.monotonic()
            yield line.rstrip(b"\r\n")


class RequestFailed(Exception):  # noqa: N818 - Locust shows its name beside the text
    """Why a request counts as failed; equal texts are one row in Locust's statistics."""


class _Seen:
    """What Locust's listeners ask of a response."""

    def __init__(self, status: int) -> None:
        self.status_code = status


def _is_idle(kept: gevent.socket.socket | None) -> bool:
    """Return whether a kept connection can be used again: it is open, and nothing has come that nobody asked.

    The library asks `select`, which knows no descriptor from 1024 on: it would give up a connection of the
    last of a thousand users after every request.
    """
    if kept is None or kept.fileno() < 0:
        return False
    asked = gevent.monkey.get_original("select", "poll")()  # gevent's own looks only when it may wait
    asked.register(kept.fileno(), select.POLLIN)
    return not asked.poll(0)


@cache
def _tls(_trusted: str | None) -> Any:
    """Return what all users trust: reading every certificate of the machine takes longer than a request."""
    return gevent.ssl.create_default_context()


def lowered(response: Any) -> dict[str, str]:
    """Return the header fields of geventhttpclient's response, names in lower case."""
    return {name.lower(): value for name, value in response.items()}


def driven(walk: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Return what a coroutine that never suspends returns; RuntimeError if it does suspend."""
    try:
        walk.send(None)
    except StopIteration as done:
        result: ResultT = done.value
        return result
    walk.close()
    raise RuntimeError("a journey may wait for its client only: await self.client....")
