"""The bounds of every hop."""

from collections.abc import Mapping
from dataclasses import dataclass

from wattos_platform import catalog


@dataclass(frozen=True, slots=True)
class HopSettings:
    """Time-outs in seconds, sizes in bytes.

    `pool_wait_s` is the longest wait for a place among the calls, `retry_wait_s` the longest before a refused
    connection is tried once more. `first_byte_s` counts from the last byte of the request to the first of the
    answer, `idle_s` between two reads of the answer. The request's deadline bounds all of them.
    """

    connect_s: float = 1.0
    first_byte_s: float = 30.0
    idle_s: float = 30.0
    pool_wait_s: float = 1.0
    ping_s: float = 1.0
    retry_wait_s: float = 0.1
    max_body_bytes: int = 64_000_000


def base_urls(environ: Mapping[str, str], host: str = "127.0.0.1") -> dict[str, str]:
    """Return the base URL of every service of the catalog: `WATTOS_<SERVICE>_URL`, else its own port here."""
    return {
        service.name: (environ.get(service.url_variable) or f"http://{host}:{service.port}").rstrip("/")
        for service in catalog.SERVICES
    }
