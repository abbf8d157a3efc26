"""Cross-origin rules: an allow-list. An origin that is not on it gets no CORS header, and no error either."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_AGE_S = 86400
METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = (
    "Content-Type, Authorization, X-Api-Key, Anthropic-Version, Anthropic-Beta, X-Request-ID, X-Tenant-ID,"
    " Idempotency-Key, Last-Event-ID, traceparent"
)
EXPOSED_HEADERS = "Content-Type, X-Request-ID, RateLimit, RateLimit-Policy, Retry-After, X-Wattos-Degraded"
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """The allowed origins, compared byte by byte; there is no wildcard, since credentials are allowed."""

    origins: frozenset[bytes]

    def answer_headers(self, origin: bytes | None) -> Headers:
        """Return what an answer to `origin` bears; `Vary` always, so that caches keep origins apart."""
        if origin is None or origin not in self.origins:
            return _VARY
        return (
            *_VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", EXPOSED_HEADERS.encode()),
        )


_VARY: Headers = ((b"vary", b"Origin"),)

# The origin's own headers are added to every answer; these are what only a preflight bears.
PREFLIGHT_HEADERS: Headers = (
    (b"access-control-allow-methods", METHODS.encode()),
    (b"access-control-allow-headers", REQUEST_HEADERS.encode()),
    (b"access-control-max-age", str(MAX_AGE_S).encode()),
)


def policy_of(origins: Sequence[str]) -> CorsPolicy:
    """Return the policy for `origins`; ValueError for one that is not scheme://host[:port]."""
    for origin in origins:
        scheme, separator, host = origin.partition("://")
        if scheme not in {"http", "https"} or not separator or not host or "/" in host or "*" in host:
            raise ValueError(f"{origin!r} is not an origin; write scheme://host[:port] without a path or *")
    return CorsPolicy(frozenset(origin.encode() for origin in origins))
