"""Pages of a list: which one is asked for, and where one ended, as text that a caller hands back unread."""

import base64
import binascii
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from wattos_platform.kernel.errors import ServiceError

_LARGEST_INT = 2**63 - 1


class PageQuery(BaseModel):
    """Which page: behind `cursor`, at most `limit` entries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: Annotated[str, Field(max_length=500)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def cursor_behind(*position: float | str) -> str:
    """Return `position` as an opaque cursor, safe in a query string."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()


def cursor_position(cursor: str, *kinds: type) -> tuple[float | str, ...]:
    """Return the position in `cursor`; ServiceError 422 unless it holds values of exactly `kinds`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, RecursionError):
        raise _refusal() from None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise _refusal()
    if not all(_can_be_compared(value) for value in values):
        raise _refusal()
    return tuple(values)


def _can_be_compared(value: Any) -> bool:
    """Return whether a database takes `value`: no lone surrogate, no number beyond 64 bits."""
    if isinstance(value, str):
        return not any("\ud800" <= char <= "\udfff" for char in value)
    return isinstance(value, float) or abs(value) <= _LARGEST_INT


def _refusal() -> ServiceError:
    return ServiceError(
        422,
        "invalid_request",
        "Field 'cursor': this is no next_cursor of this list; leave it out to start from the beginning.",
        details=[{"field": "cursor", "message": "not a cursor of this list"}],
    )
