"""Anthropic's credentials, versions and errors."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.dialects.openai.provider import bearer
from wattos_platform.services.simulator.domain.reply import Head
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal

_SERVER_ERROR = 500
_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Anthropic:
    """Errors bear a type; 529 is an overload."""

    name = "anthropic"
    missing_key = Refusal(401, "x-api-key header is required")
    blocked = Refusal(400, "Output blocked by the simulated content filtering policy")

    def has_key(self, call: Incoming, /) -> bool:
        """Return whether there is an x-api-key or a bearer token."""
        return bool(call.headers.get("x-api-key") or bearer(call))

    def error(self, refusal: Refusal, head: Head, /) -> Mapping[str, Any]:
        """Return {"type": "error", "error": {type, message}, "request_id"}."""
        status = refusal.status
        kind = _TYPES.get(status, "api_error" if status >= _SERVER_ERROR else "invalid_request_error")
        error = {"type": refusal.code or kind, "message": refusal.message, **refusal.details}
        return {"type": "error", "error": error, "request_id": f"req_{head.id}"}


def check_version(call: Incoming) -> None:
    """Refuse (400) a request that does not say which version of the API it speaks."""
    if not call.headers.get("anthropic-version"):
        raise Refusal(400, "anthropic-version: header is required")
