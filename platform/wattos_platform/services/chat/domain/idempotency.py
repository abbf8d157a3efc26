"""When two requests with one Idempotency-Key are the same request."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_KEY_CHARS = 255
KEPT_S = 24 * 3600.0
"""How long a key is remembered, in seconds."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The caller's key and the fingerprint of the request that bore it."""

    key: str
    fingerprint: str


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
