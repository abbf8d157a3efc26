"""Which header fields pass the gateway, in either direction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# RFC 9110, 7.6.1: they concern one connection only.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Credentials stop here, and so does everything that could be taken for the gateway's own word on who calls.
_STOPPED = HOP_BY_HOP | {
    "accept-encoding",
    "authorization",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "traceparent",
    "tracestate",
    "x-api-key",
    "x-real-ip",
    "x-request-deadline-ms",
    "x-request-id",
    "x-tenant-id",
    "x-user-email",
    "x-user-id",
    "x-user-roles",
}
_STOPPED_PREFIXES = ("x-wattos-", "x-forwarded-")
# A wish of the caller's, not a statement about the caller.
_PASSED = frozenset({"x-wattos-cache"})
_PLAIN_CONNECTIONS = frozenset({b"", b"keep-alive", b"close"})
_REQUEST_VERDICTS: dict[bytes, str | None] = {}
_MAX_VERDICTS = 512

_ANSWER_STOPPED = frozenset(
    name.encode()
    for name in (
        *HOP_BY_HOP,
        "content-length",
        "date",
        "request-id",
        "server",
        "set-cookie",
        "traceparent",
        "x-request-id",
    )
)
_ANSWER_STOPPED_PREFIXES = (b"access-control-", b"x-wattos-identity", b"ratelimit")

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_OWN = frozenset(name for name, _ in SECURITY_HEADERS)


@dataclass(slots=True)
class RequestHeaders:
    """A request's headers: `passed` goes upstream, `stopped` was meant for the gateway or is dropped."""

    passed: dict[str, str] = field(default_factory=dict)
    stopped: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def authorization(self) -> bytes | None:
        """Return the credentials as sent."""
        return self.stopped.get(b"authorization")

    @property
    def api_key(self) -> bytes | None:
        """Return the credentials as Anthropic's SDKs send them."""
        return self.stopped.get(b"x-api-key")

    @property
    def tenant(self) -> str | None:
        """Return the tenant that the caller names, or None."""
        named = self.stopped.get(b"x-tenant-id")
        return None if named is None else named.decode("latin-1")

    @property
    def forwarded_for(self) -> bytes | None:
        """Return what proxies, or whoever claims to be one, say of the caller's address."""
        return self.stopped.get(b"x-forwarded-for")

    @property
    def names_deadline(self) -> bool:
        """Return whether the caller set a budget of its own."""
        return b"x-request-deadline-ms" in self.stopped

    @property
    def body_bytes(self) -> int | None:
        """Return the size of the body; None when it is not known beforehand."""
        if b"transfer-encoding" in self.stopped:
            return None
        length = self.stopped.get(b"content-length", b"0")
        # Without leading zeros its digits are few: the HTTP parser takes none above 64 bits.
        return int(length.lstrip(b"0") or b"0") if length.isdigit() else None


def read_request_headers(raw: Iterable[tuple[bytes, bytes]]) -> RequestHeaders:
    """Return the request's headers sorted into what goes upstream and what stops here.

    Names arrive lower-cased and free of line breaks from the HTTP parser. A repeated field is joined with a
    comma (RFC 9110, 5.3). Fields named by `Connection` are dropped.
    """
    read = RequestHeaders()
    passed, stopped = read.passed, read.stopped
    for name, value in raw:
        passed_name = _REQUEST_VERDICTS[name] if name in _REQUEST_VERDICTS else _judge(name)
        if passed_name is None:
            stopped[name] = stopped[name] + b"," + value if name in stopped else value
        else:
            text = value.decode("latin-1")
            passed[passed_name] = f"{passed[passed_name]}, {text}" if passed_name in passed else text
    connection = stopped.get(b"connection", b"").lower()
    if connection not in _PLAIN_CONNECTIONS:
        for token in connection.decode("latin-1").split(","):
            passed.pop(token.strip(), None)
    return read


def answer_headers(upstream: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return the upstream's answer headers that the client may see, lower-cased."""
    kept = []
    for name, value in upstream.items():
        raw = name.lower().encode("latin-1")
        if raw in _ANSWER_STOPPED or raw in _OWN or raw.startswith(_ANSWER_STOPPED_PREFIXES):
            continue
        kept.append((raw, value.encode("utf-8", "surrogateescape")))
    return kept


def _judge(name: bytes) -> str | None:
    """Return the name under which a request header is passed on, or None if it stops here; remembered."""
    text = name.decode("latin-1")
    stops = text not in _PASSED and (text in _STOPPED or text.startswith(_STOPPED_PREFIXES))
    verdict = None if stops else text
    if len(_REQUEST_VERDICTS) < _MAX_VERDICTS:
        _REQUEST_VERDICTS[name] = verdict
    return verdict
