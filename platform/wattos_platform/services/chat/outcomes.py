"""From how an answer ended to what its caller is told."""

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.retry_after import retry_after
from wattos_platform.services.chat.domain.records import MessageStatus, Outcome
from wattos_platform.services.chat.live import LiveAnswer


def failure_of(outcome: Outcome, live: LiveAnswer | None) -> ServiceError | None:
    """Return why there is no complete answer, None if there is one."""
    if live is not None and live.failure is not None:
        return live.failure
    if outcome.status is MessageStatus.COMPLETE:
        return None
    return ServiceError(
        503,
        outcome.error_code or "answer_aborted",
        outcome.error_message or "The answer was stopped before it was complete. Ask again.",
        headers=retry_after(1),
    )
