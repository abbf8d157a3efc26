"""The one error that services raise and the two shapes in which callers see it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wattos_platform.kernel.timestamps import rfc3339

_OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}


class ServiceError(Exception):
    """A failure the caller may see: `code` is snake_case and stable, `message` is written for the caller.

    `details` name fields (`{"field": "content", "message": "..."}`), `param` is the OpenAI name of the
    offending field, `headers` are added to the answer (`Retry-After`, `WWW-Authenticate`).
    """

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


def openai_error_body(error: ServiceError) -> bytes:
    """Return `error` in OpenAI's shape (contracts.errors.OpenAIErrorBody) as JSON.

    The type is what the official SDKs and their users switch on; the status decides it.
    """
    kind = _OPENAI_TYPES.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")  # noqa: PLR2004 - an HTTP status class
    body = {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}
    return msgspec.json.encode(body)
