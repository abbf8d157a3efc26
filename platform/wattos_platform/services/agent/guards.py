"""What every endpoint of agent asks first: whose request, is the run theirs, what they have seen."""

from starlette.requests import Request

from wattos_platform.kernel.context import identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.agent.domain.records import Owner, Run


def owner() -> Owner:
    """Return whose request this is; ServiceError 401 without an identity."""
    caller = identity()
    return Owner(caller.tenant, caller.user)


def existing(run: Run | None) -> Run:
    """Return `run`; ServiceError 404 for None, whether it is another's or never was."""
    if run is None:
        raise ServiceError(404, "run_not_found", "There is no such run.")
    return run


def last_event(request: Request) -> int:
    """Return the number of the last step the client has seen, 0 for none; 400 if it is no number."""
    seen = request.headers.get("last-event-id", "0")
    if not seen.isascii() or not seen.isdigit() or len(seen) > 9:  # noqa: PLR2004 - no run has a billion steps
        raise ServiceError(400, "invalid_last_event_id", "The header Last-Event-ID must be a step's number.")
    return int(seen)
