"""What is learned of one request on its way through the gateway, for its headers and its audit row."""

from starlette.types import Scope

from wattos_platform.contracts.identity import Identity
from wattos_platform.services.gateway.domain.cors import Headers
from wattos_platform.services.gateway.domain.routes import GatewayRoute

_KEY = "wattos.request_record"


class RequestRecord:
    """One request; filled in step by step, so that a refused one shows how far it came."""

    __slots__ = ("credential_id", "identity", "limit_headers", "route")

    def __init__(self) -> None:
        self.route: GatewayRoute | None = None
        self.identity: Identity | None = None
        self.credential_id = ""
        self.limit_headers: Headers = ()


def open_record(scope: Scope) -> RequestRecord:
    """Return a new record, kept in `scope`."""
    record = RequestRecord()
    scope[_KEY] = record
    return record


def record_of(scope: Scope) -> RequestRecord | None:
    """Return the record of this request; None when no route was looked for (probes, operations listener)."""
    found: RequestRecord | None = scope.get(_KEY)
    return found
