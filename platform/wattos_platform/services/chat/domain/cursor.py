"""Where a page ended, as text that a caller hands back unread."""

import base64
import binascii
import json


class CursorError(ValueError):
    """The text is no cursor of ours."""


def encode(*position: float | str) -> str:
    """Return `position` as an opaque cursor, safe in a query string."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()


def decode(cursor: str, *kinds: type) -> tuple[float | str, ...]:
    """Return the position in `cursor`; CursorError unless it holds values of exactly `kinds`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, RecursionError):
        raise CursorError(cursor) from None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise CursorError(cursor)
    return tuple(values)
