"""The shapes in which callers see an error: the platform's own, OpenAI's, Anthropic's; the path decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from wattos_platform.kernel.errors import ServiceError, error_body

_OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """The request that failed; `now` is wall time in seconds."""

    path: str
    request_id: str
    method: str = ""
    trace_id: str = ""
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """How one API's callers see an error: its JSON, and the names under which they find the request id."""

    encode: Callable[[ServiceError, FailedRequest], bytes]
    request_id_headers: tuple[bytes, ...] = (b"x-request-id",)


class ErrorShapes:
    """The shape for each path: that of the longest prefix that holds it, else the platform's own.

    A prefix holds itself and what follows after a slash.
    """

    def __init__(self, by_prefix: Mapping[str, ErrorShape]) -> None:
        longest_first = sorted(by_prefix, key=len, reverse=True)
        self._shapes = [(prefix, f"{prefix}/", by_prefix[prefix]) for prefix in longest_first]

    def at(self, path: str) -> ErrorShape:
        """Return the shape of errors at `path`."""
        for prefix, below, shape in self._shapes:
            if path.startswith(below) or path == prefix:
                return shape
        return OWN


def _own(error: ServiceError, failed: FailedRequest) -> bytes:
    """Return `error` in the platform's own shape (contracts.errors.ErrorBody)."""
    return error_body(
        error,
        path=failed.path,
        method=failed.method,
        request_id=failed.request_id,
        trace_id=failed.trace_id,
        now=failed.now,
    )


def _openai(error: ServiceError, _failed: FailedRequest) -> bytes:
    """Return `error` in OpenAI's shape (contracts.errors.OpenAIErrorBody).

    The type is what the official SDKs and their users switch on; the status decides it.
    """
    other = "server_error" if error.status >= _SERVER_ERROR else "invalid_request_error"
    kind = _OPENAI_TYPES.get(error.status, other)
    body = {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}
    return msgspec.json.encode(body)


def _anthropic(error: ServiceError, failed: FailedRequest) -> bytes:
    """Return `error` in Anthropic's shape (contracts.errors.AnthropicErrorBody).

    The status decides the type; our stable code and the field's name stand in `details`.
    """
    other = "api_error" if error.status >= _SERVER_ERROR else "invalid_request_error"
    kind = _ANTHROPIC_TYPES.get(error.status, other)
    details = {"error_code": error.code, **({"param": error.param} if error.param else {})}
    body = {
        "type": "error",
        "error": {"type": kind, "message": error.message, "details": details},
        "request_id": failed.request_id,
    }
    return msgspec.json.encode(body)


OWN = ErrorShape(_own)
OPENAI = ErrorShape(_openai)
ANTHROPIC = ErrorShape(_anthropic, (b"x-request-id", b"request-id"))
# What the model API's callers expect, wherever it is served.
MODEL_API: Mapping[str, ErrorShape] = {"/v1": OPENAI, "/v1/messages": ANTHROPIC}
