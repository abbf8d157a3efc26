"""What services and their tests know of a hop."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class HopResponse(Protocol):
    """An answer whose body is still on its way. Leaving its context closes the connection if body is left."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; look-ups ignore case."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, unbuffered; HopUnavailable if it breaks off or falls silent."""

    async def read(self) -> bytes:
        """Return the whole body; HopError 502 above the settings' limit."""


class HopClient(Protocol):
    """One other service. Identity, request id, traceparent and deadline travel along by themselves.

    Every call may raise HopUnavailable (refused, silent, breaker open, too many running) and DeadlineExceeded
    (the request at hand has less than 50 ms left, or ran out of time). `timeout_s` bounds the whole call
    below the deadline; `first_byte_s` replaces the settings' wait for the answer's head where work takes
    longer, as a model's does (`math.inf`: as long as the deadline allows).
    """

    async def json(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout_s: float | None = None,
        first_byte_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send `body` as JSON and return the decoded answer, None for an empty one.

        HopError with the service's own status, code and message for an answer of 400 and above.
        """

    def stream(
        self,
        method: str,
        path: str,
        *,
        body: bytes | AsyncIterator[bytes] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        first_byte_s: float | None = None,
    ) -> AbstractAsyncContextManager[HopResponse]:
        """Send `body` as it comes and enter with the answer's head, whatever its status.

        Leaving the context, also by cancellation, closes the upstream connection at once unless all is read.
        """
