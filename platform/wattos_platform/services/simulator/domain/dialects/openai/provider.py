"""OpenAI's credentials and errors."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.reply import Head
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal

_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_TYPES = {403: "permission_error", 429: "requests", 500: "server_error"}
_SERVER_ERROR = 500


class OpenAI:
    """Also speaks for every provider that is compatible with it."""

    name = "openai"
    missing_key = Refusal(
        401,
        "You didn't provide an API key. Send it as: Authorization: Bearer YOUR_KEY.",
        code="missing_api_key",
    )
    blocked = Refusal(
        400, "Invalid prompt: it was flagged by the simulated usage policy.", code="invalid_prompt"
    )

    def has_key(self, call: Incoming, /) -> bool:
        """Return whether there is a bearer token."""
        return bool(bearer(call))

    def error(self, refusal: Refusal, _head: Head, /) -> Mapping[str, Any]:
        """Return {"error": {message, type, param, code}}."""
        status = refusal.status
        kind = _TYPES.get(status, "server_error" if status >= _SERVER_ERROR else "invalid_request_error")
        code = refusal.code or _CODES.get(status)
        if refusal.code == "insufficient_quota":
            kind = refusal.code
        error = {"message": refusal.message, "type": kind, "param": refusal.param, "code": code}
        return {"error": {**error, **refusal.details}}


def bearer(call: Incoming) -> str:
    """Return the bearer token of a request, "" for none."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
