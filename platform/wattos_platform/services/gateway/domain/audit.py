"""The audit record: who did what to which route with which outcome; never a body, a query or a secret."""

from typing import NamedTuple

CLIENT_GONE = 499


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
