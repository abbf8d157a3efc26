"""Where something answers: a Unix socket, or a host and a port."""

from dataclasses import dataclass
from urllib.parse import urlsplit

# The label of discovery that marks what is scraped through our API: the token is for nobody else.
VIA_SUPERVISOR = "__meta_wattos_via_supervisor"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A Unix socket path, or a host and port when `path` is empty; `tls` for https."""

    path: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    tls: bool = False

    @property
    def authority(self) -> str:
        """Return host and port as a URL has them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(url: str) -> tuple[Address, str]:
    """Return where `url` is answered, and its path with the query; ValueError when it is no http(s) URL."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{url}: expected http://HOST[:PORT][/PATH] or https://...")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Address(
        host=parts.hostname, port=parts.port or _PORTS[parts.scheme], tls=parts.scheme == "https"
    ), path
