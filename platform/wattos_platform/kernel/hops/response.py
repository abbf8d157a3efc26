"""An answer over the wire, read as it arrives."""

from collections.abc import AsyncIterator, Callable, Mapping

from wattos_platform.kernel.hops.errors import HopError
from wattos_platform.kernel.hops.wire import UploadError, WireConnection, WireError

ReadError = (TimeoutError, WireError, UploadError)


class WireHopResponse:
    """The HopResponse of one exchange. `failed` turns what broke into what the caller is told."""

    __slots__ = (
        "_connection",
        "_deadline",
        "_failed",
        "_idle_s",
        "_max_bytes",
        "_service",
        "headers",
        "status",
    )

    def __init__(
        self,
        connection: WireConnection,
        *,
        service: str,
        idle_s: float,
        deadline: float,
        max_bytes: int,
        failed: Callable[[BaseException], BaseException],
    ) -> None:
        self._connection = connection
        self._service = service
        self._idle_s = idle_s
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._failed = failed
        self.status: int = connection.status
        self.headers: Mapping[str, str] = connection.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        while chunk := await self._next():
            yield chunk

    async def read(self) -> bytes:
        """Return the whole body."""
        parts: list[bytes] = []
        size = 0
        while chunk := await self._next():
            size += len(chunk)
            if size > self._max_bytes:
                raise HopError(
                    self._service,
                    502,
                    "upstream_too_large",
                    f"The service {self._service} answered with more than {self._max_bytes} bytes.",
                )
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _next(self) -> bytes:
        try:
            return await self._connection.chunk(self._idle_s, self._deadline)
        except ReadError as error:
            raise self._failed(error) from error
