"""What every endpoint of chat asks first: whose request, which page, which key."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from wattos_platform.kernel.context import identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.chat.domain.idempotency import (
    MAX_KEY_CHARS,
    RequestKey,
    fingerprint,
    key_is_wellformed,
)
from wattos_platform.services.chat.domain.records import Conversation, Owner


def owner() -> Owner:
    """Return whose request this is; ServiceError 401 without an identity."""
    caller = identity()
    return Owner(caller.tenant, caller.user)


def existing(conversation: Conversation | None) -> Conversation:
    """Return `conversation`; ServiceError 404 for None, whether it is another's or never was."""
    if conversation is None:
        raise conversation_not_found()
    return conversation


def conversation_not_found() -> ServiceError:
    """Return the answer to an id that the caller has no conversation for."""
    return ServiceError(404, "conversation_not_found", "There is no such conversation.")


def message_not_found() -> ServiceError:
    """Return the answer to an id that the caller has no message for."""
    return ServiceError(404, "message_not_found", "There is no such message.")


def request_key(request: Request, body: Mapping[str, Any]) -> RequestKey | None:
    """Return the caller's Idempotency-Key and the fingerprint, None without; 400 if malformed."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not key_is_wellformed(key):
        raise ServiceError(
            400,
            "invalid_idempotency_key",
            f"The header Idempotency-Key must be 1 to {MAX_KEY_CHARS} printable ASCII characters.",
        )
    return RequestKey(key, fingerprint(f"{request.method} {request.url.path}", body))


def key_reused() -> ServiceError:
    """Return the answer to a key that was used for another request."""
    return ServiceError(
        422,
        "idempotency_key_reused",
        "This Idempotency-Key was used for a different request in the last 24 hours. Use a new key.",
    )
