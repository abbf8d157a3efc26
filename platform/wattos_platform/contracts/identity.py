"""Who calls: the identity that the gateway verifies once and signs towards the services."""

from dataclasses import dataclass

IDENTITY_HEADER = "x-wattos-identity"
REQUEST_ID_HEADER = "x-request-id"
TRACEPARENT_HEADER = "traceparent"
DEADLINE_HEADER = "x-request-deadline-ms"
ATTEMPT_HEADER = "x-wattos-attempt"
DEGRADED_HEADER = "x-wattos-degraded"


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller; `act` names the service that acts on the caller's behalf."""

    tenant: str
    user: str
    roles: tuple[str, ...] = ()
    act: str = ""
