"""The one error that services raise, and the platform's own shape of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wattos_platform.kernel.timestamps import rfc3339


class ServiceError(Exception):
    """A failure the caller may see: `code` is snake_case and stable, `message` is written for the caller.

    `details` name fields (`{"field": "content", "message": "..."}`), `param` is the offending field of a
    request to the model API, `headers` are added to the answer (`Retry-After`, `WWW-Authenticate`).
    A class names its `error_type` where the status does not tell it (`exchange.error_type`).
    """

    error_type = ""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = [dict(detail) for detail in details or ()]
        self.headers = dict(headers or {})
        self.param = param


def internal_error() -> ServiceError:
    """Return what a caller learns of a bug: nothing but that it happened."""
    return ServiceError(
        500, "internal_error", "The service failed on this request; its log holds the reason."
    )


def stopping() -> ServiceError:
    """Return what a caller learns whose request outlasted the drain time of a service that is stopped."""
    return ServiceError(
        503,
        "service_stopping",
        "The service is being stopped, and the request took longer than it may wait. Try again.",
        headers={"Retry-After": "1", "Connection": "close"},
    )


def error_body(
    error: ServiceError, *, path: str, method: str, request_id: str, trace_id: str, now: float
) -> bytes:
    """Return `error` in the platform's own shape (contracts.errors.ErrorBody) as JSON."""
    body: dict[str, Any] = {
        "statusCode": error.status,
        "code": error.code,
        "message": error.message,
        "timestamp": rfc3339(now),
        "path": path,
        "method": method,
        "requestId": request_id,
        "traceId": trace_id,
    }
    if error.details:
        body["details"] = error.details
    return msgspec.json.encode(body)
