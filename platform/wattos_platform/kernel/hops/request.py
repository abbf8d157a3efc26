"""A hop's request as bytes."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

Body = bytes | AsyncIterator[bytes] | None
# What stands for one thing among many: `/api/v1/conversations/0190...` is `/*/conversations/*`.
_NAMED = re.compile(r"/[^/]*\d[^/]*")
_NEEDS_QUOTING = re.compile(r"[^\x21-\x7e]")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_SAFE_IN_TARGET = "/?:@!$&'()*+,;=-._~%[]"
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class HopRequest:
    """One call; `deadline` is the request's, `until` is when the caller's patience ends; both monotonic.

    `first_byte_s` counts from the last byte of the request to the first of the answer.
    """

    method: str
    path: str
    body: Body
    headers: Mapping[str, str] | None
    deadline: float
    until: float
    first_byte_s: float


def kind_of(method: str, path: str) -> str:
    """Return what calls of like latency share: method and path without query and ids."""
    return f"{method} {_NAMED.sub('/*', path.partition('?')[0])}"


def head_bytes(request: HopRequest, target: str, host: str, headers: dict[str, str]) -> tuple[bytes, bool]:
    """Return the request's head, and whether its body must be framed in chunks.

    ValueError for a method or header that cannot stand in one line of HTTP: nothing a caller sends may
    become a header of its own.
    """
    if _NEEDS_QUOTING.search(target):
        target = quote(target, safe=_SAFE_IN_TARGET)
    body = request.body
    chunked = False
    if isinstance(body, bytes):
        headers["content-length"] = str(len(body))
    elif body is None:
        headers.pop("content-length", None)
        if request.method in _WITH_LENGTH:
            headers["content-length"] = "0"
    elif "content-length" not in headers:
        headers["transfer-encoding"] = "chunked"
        chunked = True
    lines = [f"{request.method} {target} HTTP/1.1", f"host: {host}"]
    lines.extend([f"{name}: {value}" for name, value in headers.items()])
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\0" in text:
        raise ValueError("a header of this call holds a line break")
    if not _TOKEN.match(request.method):
        raise ValueError(f"{request.method!r} is not an HTTP method")
    return f"{text}\r\n\r\n".encode("latin-1"), chunked
