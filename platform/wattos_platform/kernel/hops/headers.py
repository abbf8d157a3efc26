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
_KEPT_S = 10.0
_KEPT_IDENTITIES = 1024


class CachedSign:
    """Signs an identity for one audience at most every 10 s, so that a busy caller costs one signature.

    The token handed out is always good for 50 of its 60 s. `monotonic` gives seconds.
    """

    __slots__ = ("_audience", "_monotonic", "_sign", "_tokens")

    def __init__(self, sign: Sign, audience: str, monotonic: Callable[[], float]) -> None:
        self._sign = sign
        self._audience = audience
        self._monotonic = monotonic
        self._tokens: dict[Identity, tuple[float, str]] = {}

    def __call__(self, identity: Identity) -> str:
        """Return the header's value for `identity`."""
        now = self._monotonic()
        kept = self._tokens.get(identity)
        if kept is not None and now < kept[0]:
            return kept[1]
        if len(self._tokens) >= _KEPT_IDENTITIES:
            self._tokens.clear()
        token = self._sign(identity, self._audience)
        self._tokens[identity] = (now + _KEPT_S, token)
        return token


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
    sign: CachedSign | None,
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
        headers[IDENTITY_HEADER] = sign(context.identity)
    return headers
