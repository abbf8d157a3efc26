"""What is learned of one request on its way through the door, for its headers and its audit row."""

from starlette.types import Scope

from wattos_platform.contracts.identity import Identity
from wattos_platform.services.gateway.domain.cors import Headers
from wattos_platform.services.gateway.domain.routes import GatewayRoute

_KEY = "wattos.visit"


class Visit:
    """One request; filled in step by step, so that a refused one shows how far it came."""

    __slots__ = ("credential_id", "identity", "limit_headers", "route")

    def __init__(self) -> None:
        self.route: GatewayRoute | None = None
        self.identity: Identity | None = None
        self.credential_id = ""
        self.limit_headers: Headers = ()


def open_visit(scope: Scope) -> Visit:
    """Return a new visit, kept in `scope`."""
    visit: Visit = Visit()
    scope[_KEY] = visit
    return visit


def visit_of(scope: Scope) -> Visit | None:
    """Return the visit of this request; None when it never came to the door (probes, operations listener)."""
    found: Visit | None = scope.get(_KEY)
    return found
