"""The audit record: who did what to which route with which outcome; never a body, a query or a secret."""

import base64
from typing import NamedTuple

from wattos_platform.kernel.errors import ServiceError

CLIENT_GONE = 499
MAX_PAGE = 200
DEFAULT_PAGE = 50


class AuditRecord(NamedTuple):
    """One answered request. `at` is epoch seconds; tenant and user are empty when nobody was verified.

    Status 499 stands for a client that left before the answer was whole.
    """

    at: float
    tenant: str
    user: str
    credential_id: str
    method: str
    route: str
    status: int
    duration_ms: float
    request_id: str


def encode_cursor(row_id: int) -> str:
    """Return the opaque cursor after `row_id`."""
    return base64.urlsafe_b64encode(f"a{row_id}".encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> int:
    """Return the row id in `cursor`; ServiceError 422 for one that this service did not make."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        row_id = int(text.removeprefix("a"))
    except ValueError:
        raise _not_a_cursor() from None
    if encode_cursor(row_id) != cursor:
        raise _not_a_cursor()
    return row_id


def _not_a_cursor() -> ServiceError:
    message = "this is not a cursor of this list"
    details = [{"field": "cursor", "message": message}]
    return ServiceError(422, "invalid_request", f"Field 'cursor': {message}.", details=details)
