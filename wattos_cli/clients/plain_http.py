"""Plain HTTP/1.1 over TCP or a Unix socket with the standard library, because importing httpx takes 0.2 s."""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from wattos_cli.clients.bounded import Bounded
from wattos_cli.deps import NoReplyError, Reply

_MAX_BODY_BYTES = 16_000_000
_PART_BYTES = 256 * 1024


class PlainHttp:
    """The real `deps.Http`; one connection per request, safe to use from several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic

    def request(
        self,
        method: str,
        address: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float,
    ) -> Reply:
        """Return the answer; NoReplyError says why there is none.

        All of it must be there `timeout_s` after it was asked for, however slowly it comes.
        """
        import http.client

        content = None if body is None else json.dumps(body).encode()
        sent = {"Connection": "close", "Accept": "application/json", **(headers or {})}
        if content is not None:
            sent["Content-Type"] = "application/json"
        deadline_s = self._monotonic() + timeout_s
        connection = _connection(address, timeout_s)
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock = Bounded(connection.sock, lambda: deadline_s - self._monotonic())
            # Who does not wait for the body may have answered and closed before it was sent.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=content, headers=sent)
            response = connection.getresponse()
            received = _body(response)
            if response.length:
                raise NoReplyError("the answer is cut short")
        except TimeoutError as error:
            raise NoReplyError(f"no answer within {timeout_s:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise NoReplyError(_reason(error)) from error
        finally:
            connection.close()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, fields, received)


def _body(response: Any) -> bytes:
    """Return what comes until the end."""
    parts: list[bytes] = []
    left = _MAX_BODY_BYTES
    while part := response.read1(_PART_BYTES):
        left -= len(part)
        if left < 0:
            raise NoReplyError(f"the answer is larger than {_MAX_BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _connection(address: str, timeout_s: float) -> Any:
    import http.client

    if not address.startswith("unix:"):
        scheme, _, rest = address.partition("://")
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        return kind(rest.partition("/")[0], timeout=timeout_s)
    import socket

    connection = http.client.HTTPConnection("localhost", timeout=timeout_s)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.settimeout(timeout_s)
    try:
        listener.connect(address.removeprefix("unix:"))
    except TimeoutError as error:
        listener.close()
        raise NoReplyError(f"no connection within {timeout_s:g} s") from error
    except OSError as error:
        listener.close()
        raise NoReplyError(_reason(error)) from error
    connection.sock = listener
    return connection


def _reason(error: Exception) -> str:
    """Return why no answer came, in the operating system's words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"not a valid HTTP answer ({type(error).__name__})"
