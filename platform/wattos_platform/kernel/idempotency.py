"""The header Idempotency-Key: which request it was sent with, so that a retry is not done twice."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from wattos_platform.kernel.errors import ServiceError

MAX_KEY_CHARS = 255


class KeyReusedError(Exception):
    """The caller's Idempotency-Key was used before, for another request."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The caller's Idempotency-Key and the fingerprint of the request that bore it."""

    key: str
    fingerprint: str


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


def key_is_wellformed(key: str) -> bool:
    """Return whether `key` is 1 to 255 printable ASCII characters."""
    return 0 < len(key) <= MAX_KEY_CHARS and all(" " <= char <= "~" for char in key)


def fingerprint(operation: str, body: Mapping[str, Any]) -> str:
    """Return what identifies a request: its operation and its parsed body, whatever the order of the fields.

    How the answer is delivered (`stream`) is no part of the question, so a retry may ask for the other form.
    """
    question = {name: value for name, value in body.items() if name != "stream"}
    text = json.dumps([operation, question], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def key_reused() -> ServiceError:
    """Return the answer to a key that was used for another request."""
    return ServiceError(
        422,
        "idempotency_key_reused",
        "This Idempotency-Key was used for a different request. Use a new key.",
    )
