"""The bounds of every hop."""

from collections.abc import Mapping
from dataclasses import dataclass

from wattos_platform import catalog


@dataclass(frozen=True, slots=True)
class HopSettings:
    """Time-outs in seconds, sizes in bytes.

    `pool_wait_s` is the longest wait for a place among the calls, `retry_wait_s` the longest before a refused
    connection is tried once more. `first_byte_s` counts from the last byte of the request to the first of the
    answer. `idle_s` is the longest silence of a model provider in an answer. `idle_margin_s` is added for
    each service on the way to it, so that the one beside it notices and tells it, and nobody takes a service
    that waits for one that hangs. The request's deadline bounds all of them.
    """

    connect_s: float = 1.0
    first_byte_s: float = 30.0
    idle_s: float = 30.0
    idle_margin_s: float = 2.0
    pool_wait_s: float = 1.0
    ping_s: float = 1.0
    retry_wait_s: float = 0.1
    max_body_bytes: int = 64_000_000

    def silence_s(self, service: str) -> float:
        """Return the longest silence between two reads of an answer of `service`, in seconds."""
        return self.idle_s + self.idle_margin_s * (1 + catalog.services_below(service))


def base_urls(environ: Mapping[str, str], host: str = "127.0.0.1") -> dict[str, str]:
    """Return the base URL of every service of the catalog: `WATTOS_<SERVICE>_URL`, else its own port here."""
    return {
        service.name: (environ.get(service.url_variable) or f"http://{host}:{service.port}").rstrip("/")
        for service in catalog.SERVICES
    }
