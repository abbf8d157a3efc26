"""Google's credentials and errors."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.dialects.openai.provider import bearer
from wattos_platform.services.simulator.domain.reply import Head
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal

_SERVER_ERROR = 500
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


class Google:
    """A request without a key is 403 at Google, not 401."""

    name = "google"
    missing_key = Refusal(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). "
        "Please use API Key or other form of API consumer identity to call this API.",
    )
    blocked = Refusal(400, "The prompt was blocked by the simulated safety filter.")

    def has_key(self, call: Incoming, /) -> bool:
        """Return whether there is an x-goog-api-key, a `key` in the query, or a bearer token."""
        return bool(call.headers.get("x-goog-api-key") or call.query.get("key") or bearer(call))

    def error(self, refusal: Refusal, _head: Head, /) -> Mapping[str, Any]:
        """Return {"error": {code, message, status}}; the wait of a 429 stands in its details too."""
        status = refusal.status
        word = _STATUSES.get(status, "INTERNAL" if status >= _SERVER_ERROR else "INVALID_ARGUMENT")
        error: dict[str, Any] = {"code": status, "message": refusal.message, "status": refusal.code or word}
        if refusal.retry_after_s is not None:
            error["details"] = [{"@type": _RETRY_INFO, "retryDelay": f"{refusal.retry_after_s}s"}]
        return {"error": {**error, **refusal.details}}


def either(body: Mapping[str, Any], camel: str, snake: str) -> Any:
    """Return a member by either of the two names under which Google takes it."""
    return body.get(camel) if camel in body else body.get(snake)
