"""Where a page of runs ended, as text that a caller hands back unread."""

import base64
import binascii
import json


class CursorError(ValueError):
    """The text is no cursor of ours."""


def encode(created_at: float, run_id: str) -> str:
    """Return the position behind a run as an opaque cursor, safe in a query string."""
    return base64.urlsafe_b64encode(json.dumps([created_at, run_id]).encode()).rstrip(b"=").decode()


def decode(cursor: str) -> tuple[float, str]:
    """Return the position in `cursor`; CursorError if it is none of ours."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, RecursionError):
        raise CursorError(cursor) from None
    match values:
        case [float(created_at), str(run_id)]:
            return created_at, run_id
        case _:
            raise CursorError(cursor)
