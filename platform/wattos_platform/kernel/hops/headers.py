"""The headers of a hop: what is taken from the caller, what is never taken, what is added."""

from collections.abc import Callable, Mapping

from wattos_platform.contracts.identity import (
    ATTEMPT_HEADER,
    DEADLINE_HEADER,
    IDENTITY_HEADER,
    REQUEST_ID_HEADER,
    TRACEPARENT_HEADER,
    Identity,
)
from wattos_platform.kernel.context import RequestContext

Sign = Callable[[Identity, str], str]

# Those of one connection (RFC 9110, 7.6.1), and those that only this module may set.
_NEVER_PASSED = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade", "host", "expect",
        ATTEMPT_HEADER, DEADLINE_HEADER, IDENTITY_HEADER, REQUEST_ID_HEADER, TRACEPARENT_HEADER,
    }
)  # fmt: skip


def hop_headers(
    given: Mapping[str, str] | None,
    context: RequestContext,
    *,
    service: str,
    sign: Sign | None,
    left_s: float,
    attempt: int,
) -> dict[str, str]:
    """Return the headers to send: `given` without what must not pass, and the request's own context.

    `left_s` is the time budget handed on, `attempt` counts from 0 and is added to that of the request.
    """
    headers = {
        name.lower(): value for name, value in (given or {}).items() if name.lower() not in _NEVER_PASSED
    }
    headers[REQUEST_ID_HEADER] = context.request_id
    headers[TRACEPARENT_HEADER] = context.child_traceparent()
    headers[DEADLINE_HEADER] = str(int(left_s * 1000))
    headers[ATTEMPT_HEADER] = str(context.attempt + attempt)
    if context.identity is not None and sign is not None:
        headers[IDENTITY_HEADER] = sign(context.identity, service)
    return headers
