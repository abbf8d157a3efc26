"""What a request carries."""

from typing import Any

import msgspec

_JSON = "application/json"
_encode = msgspec.json.Encoder().encode


def encoded(json: Any, content: bytes | None, content_type: str) -> tuple[bytes | None, str]:
    """Return the body of a request (None: it has none) and its content type."""
    return (content, content_type) if json is None else (_encode(json), content_type or _JSON)
