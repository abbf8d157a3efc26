"""What is known of the request at hand: ids, deadline and identity, in one context variable."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.randomness import random_digits

_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{8,128}\Z")
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})\Z")
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16
BACKGROUND_DEADLINE_S = 600.0


@dataclass(slots=True)
class RequestContext:
    """The request at hand. `deadline` is a monotonic instant in seconds, `flags` the trace flags.

    `degraded` names what its answer does without; `resilience.degrade` adds to it.
    """

    request_id: str
    trace_id: str
    span_id: str
    deadline: float
    flags: str = "00"
    attempt: int = 0
    degraded: tuple[str, ...] = ()
    identity: Identity | None = field(default=None)

    @property
    def traceparent(self) -> str:
        """Return the W3C traceparent of this service's own span."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def child_traceparent(self) -> str:
        """Return the traceparent for one hop: same trace, a span id of its own."""
        return f"00-{self.trace_id}-{new_span_id()}-{self.flags}"


_current: ContextVar[RequestContext | None] = ContextVar("wattos_request", default=None)


def new_span_id() -> str:
    """Return a random span id: 16 hex digits, never all zero."""
    made = random_digits(16)
    return made if made != _NO_SPAN else new_span_id()


def request_id_of(header: str | None) -> str:
    """Return the caller's request id when it is well-formed, else a new one."""
    return header if header and _REQUEST_ID.match(header) else uuid7()


def trace_of(header: str | None) -> tuple[str, str]:
    """Return (trace id, flags) of a caller's traceparent, or of a new one when it is malformed."""
    match = _TRACEPARENT.match(header) if header else None
    if match and match[1] != _NO_TRACE and match[2] != _NO_SPAN:
        return match[1], match[3]
    return _new_trace_id(), "00"


def _new_trace_id() -> str:
    made = random_digits(32)
    return made if made != _NO_TRACE else _new_trace_id()


def current() -> RequestContext:
    """Return the context of the request at hand, or a fresh one outside any request."""
    found = _current.get()
    return found if found is not None else _fresh(None, None)


def try_current() -> RequestContext | None:
    """Return the context of the request at hand, or None outside any request."""
    return _current.get()


def identity() -> Identity:
    """Return who calls; ServiceError 401 when the request bears no identity."""
    context = _current.get()
    if context is None or context.identity is None:
        raise ServiceError(
            401, "identity_missing", "This service answers only requests that came through the gateway."
        )
    return context.identity


def enter(context: RequestContext) -> None:
    """Make `context` the one of this task; each request runs in a task of its own, so nothing undoes it."""
    _current.set(context)


@contextmanager
def background(identity: Identity, request_id: str | None = None) -> Iterator[RequestContext]:
    """Give background work a context, so that its hops are signed with the tenant and user of its row."""
    context = _fresh(identity, request_id)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def renew() -> None:
    """Give background work its whole time again, for a next step that is bounded by itself."""
    context = _current.get()
    if context is not None:
        context.deadline = time.monotonic() + BACKGROUND_DEADLINE_S


def _fresh(identity: Identity | None, request_id: str | None) -> RequestContext:
    trace_id, flags = trace_of(None)
    return RequestContext(
        request_id=request_id_of(request_id),
        trace_id=trace_id,
        span_id=new_span_id(),
        deadline=time.monotonic() + BACKGROUND_DEADLINE_S,
        flags=flags,
        identity=identity,
    )
