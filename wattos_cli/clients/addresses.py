"""Other people's servers: their addresses as they are typed, and a request to one."""

from typing import Any
from urllib.parse import urlsplit

from wattos_cli.deps import Http, Reply
from wattos_cli.errors import usage


def check_address(option: str, url: str, example: str, token_variable: str) -> None:
    """Raise WattosError (exit 2) unless `url` is an http(s) address that names no user and no password."""
    try:
        parts = urlsplit(url)
        is_plain = parts.port != 0 and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        parts, is_plain = urlsplit(""), False
    if "@" in parts.netloc:
        raise usage(
            f"{option}: a user or password in the address would be seen by others",
            f"--token-file FILE, or {token_variable}",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or not is_plain:
        raise usage(f"{option} {url!r}: no http(s) address", f"for example {option} {example}")


def asked(
    http: Http, method: str, url: str, path: str, *, token: str | None, timeout_s: float, body: Any = None
) -> Reply:
    """Return what the server at `url` answers for `path`, which comes after a path of the address itself.

    `token` goes along as bearer token, `body` as JSON. Raises NoReplyError when no answer comes in time.
    """
    parts = urlsplit(url)
    return http.request(
        method,
        f"{parts.scheme}://{parts.netloc}",
        f"{parts.path.rstrip('/')}{path}",
        body=body,
        headers={} if token is None else {"Authorization": f"Bearer {token}"},
        timeout_s=timeout_s,
    )
