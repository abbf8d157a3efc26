"""How many connections of clients a service keeps at once: each costs memory, whether it asks or not."""

import asyncio

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.http_protocol import HttpProtocol
from wattos_platform.kernel.middleware import on_operations_listener
from wattos_platform.kernel.resilience.retry_after import retry_after
from wattos_platform.kernel.telemetry import Tally

_RETRY_S = 1
# Those that are told why and kept for the second in which they can read it; beyond them nobody is told.
TOLD_AT_ONCE = 100


def capped(cap: int, ops_port: int | None, turned_away: Tally) -> type[HttpProtocol]:
    """Return the protocol that keeps `cap` connections of a process and counts whom it turns away.

    Beyond the cap: 503 with Retry-After, and while many are being told that, a closed connection. The
    operations listener lets everybody in, so that a crowd of clients never hides the service from its
    operator. Nothing of this costs a request anything.
    """

    class CappedProtocol(HttpProtocol):
        """Judges a connection when it is made, and never again."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
            """Begin with a connection, or turn it away."""
            super().connection_made(transport)
            beyond = len(self.connections) - cap
            if beyond > 0 and not on_operations_listener(self.server, ops_port):
                turned_away.count += 1
                if beyond > TOLD_AT_ONCE:
                    self.transport.abort()
                else:
                    self.refuse(_too_many())

    return CappedProtocol


def _too_many() -> ServiceError:
    return ServiceError(
        503,
        "too_many_connections",
        "This service keeps as many connections as it may; try again later, or on one that you have.",
        headers=retry_after(_RETRY_S),
    )
