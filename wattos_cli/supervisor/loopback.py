"""One HTTP/1.1 request in and one answer out, on the supervisor's loopback API."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

HEAD_LIMIT_BYTES = 16 * 1024
_BODY_LIMIT_BYTES = 1024 * 1024
_MOST_FIELDS = 1000
_FORM = "application/x-www-form-urlencoded"


class RequestError(ValueError):
    """A request that cannot be read; the text says why."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """Method, path, lower-case headers, and the parameters of the query and of a form."""

    method: str
    path: str
    headers: Mapping[str, str]
    parameters: Mapping[str, list[str]]


async def read(reader: asyncio.StreamReader) -> Request:
    """Return the request that comes; RequestError, or what the reader raises, when none does."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, _, rest = lines[0].partition(" ")
    url = urlsplit(rest.partition(" ")[0])
    pairs = (line.partition(":") for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    fields = url.query.encode()
    if headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        fields += b"&" + await _body(reader, headers)
    try:
        parameters = parse_qs(fields.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"the parameters cannot be read: {error}") from None
    return Request(method, url.path, headers, parameters)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    length = headers.get("content-length", "")
    if not length.isdigit():
        raise RequestError(HTTPStatus.LENGTH_REQUIRED, "a form needs a content-length")
    if int(length) > _BODY_LIMIT_BYTES:
        message = f"a form of more than {_BODY_LIMIT_BYTES} bytes is not read"
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
    return await reader.readexactly(int(length))


def answer(status: HTTPStatus, content_type: str, body: bytes) -> bytes:
    """Return the answer as it is sent; the connection ends with it."""
    authenticate = "WWW-Authenticate: Bearer\r\n" if status is HTTPStatus.UNAUTHORIZED else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n{authenticate}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
