"""Which addresses of the web an agent may read: those that an operator named, spelled without tricks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
MAX_URL_CHARS = 2000
_ENTRY = re.compile(r"(https?://)?\.?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?")


class TargetRefusedError(ValueError):
    """The address may not be read; the text says why."""


@dataclass(frozen=True, slots=True)
class WebTarget:
    """An address that may be read."""

    url: str
    host: str
    port: int


def parse_allowed(text: str) -> tuple[str, ...]:
    """Return the entries of a comma separated list: `host`, `.domain` for all below it, or `http://host:port`.

    ValueError for an entry that is none of these. Without a scheme, https and its port are meant.
    """
    entries = tuple(entry.strip().lower() for entry in text.split(",") if entry.strip())
    for entry in entries:
        if not _ENTRY.fullmatch(entry):
            raise ValueError(f"{entry!r} is no host name, .domain or http(s)://host[:port]")
    return entries


def web_target(url: str, allowed: Sequence[str]) -> WebTarget:
    """Return `url` as a target; TargetRefusedError unless an entry of `allowed` covers its origin."""
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise TargetRefusedError("the address holds characters that no address needs, or is too long")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TargetRefusedError("this is no address") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise TargetRefusedError("only http and https addresses can be read")
    if "@" in parts.netloc:
        raise TargetRefusedError("an address must not hold a user name or password")
    host = parts.hostname.rstrip(".")
    target = WebTarget(url, host, port or _PORTS[parts.scheme])
    if not any(_covers(entry, parts.scheme, target) for entry in allowed):
        raise TargetRefusedError(f"{parts.scheme}://{host} is not among the hosts that agents may read")
    return target


def may_be_read(host: str, allowed: Sequence[str]) -> bool:
    """Return whether an entry of `allowed` covers anything of `host`."""
    return any(_names(entry.rpartition("://")[2].partition(":")[0], host) for entry in allowed)


def _names(name: str, host: str) -> bool:
    return host.endswith(name) if name.startswith(".") else host == name


def _covers(entry: str, scheme: str, target: WebTarget) -> bool:
    wanted_scheme, _, rest = entry.rpartition("://")
    wanted_scheme = wanted_scheme or "https"
    name, _, port = rest.partition(":")
    if scheme != wanted_scheme or target.port != (int(port) if port.isdigit() else _PORTS[wanted_scheme]):
        return False
    return _names(name, target.host)
