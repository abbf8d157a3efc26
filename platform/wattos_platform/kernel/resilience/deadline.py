"""How much time a call may take: never more than its request has left, and no start with next to nothing."""

from wattos_platform.kernel.errors import ServiceError

MINIMUM_S = 0.05
# A child ends this much before its parent, so that the parent can still answer.
MARGIN_S = 0.01


class DeadlineExceeded(ServiceError):  # noqa: N818 - the field's name for it
    """The request's own time is used up: 504. Says nothing of the upstream, so no breaker counts it."""

    breaker_ignores = True

    def __init__(self, doing: str) -> None:
        super().__init__(504, "deadline_exceeded", f"The request's time ran out before {doing}.")


def remaining_s(deadline: float, now: float, doing: str) -> float:
    """Return the seconds a call may take that is started `now`; both instants are monotonic.

    DeadlineExceeded when less than 50 ms are left: such a call would only cost the upstream.
    """
    left = deadline - now
    if left < MINIMUM_S:
        raise DeadlineExceeded(doing)
    return left - MARGIN_S
