"""The figures of a drill: how soon, how often, how much."""

from dataclasses import dataclass, fields

from wattos_cli.loadtest.measuring.measured import Measured

_MS = 1000.0


@dataclass(slots=True)
class Figures:
    """What a drill measured; None: it did not happen, or nobody could tell.

    Times in seconds: `detect_s` from the fault to the first sign that the platform itself gave, `open_s` to
    the first breaker that opened, `recover_s` from the rollback until every assertion on the recovery held.
    `user_errors` of `requests` failed from the fault on, `unanswered` of them without any answer, and the
    longest took `longest_s`, whatever became of it. `fallbacks` were answered by another provider, `restarts`
    is how often the supervisor started a process again.
    `retry_amplification` is how many attempts one request made of itself: 1 without retries.
    """

    detect_s: float | None = None
    open_s: float | None = None
    recover_s: float | None = None
    requests: int | None = None
    user_errors: int | None = None
    unanswered: int | None = None
    longest_s: float | None = None
    fallbacks: int | None = None
    restarts: int | None = None
    retry_amplification: float | None = None

    def count(self, measured: Measured) -> None:
        """Take over what the requests from the fault on came to."""
        requests = measured.of()
        self.requests, self.user_errors = requests.count, requests.failures
        self.unanswered = requests.unanswered
        longest_ms = max((slow.latency_ms for slow in measured.total.slowest), default=None)
        self.longest_s = None if longest_ms is None else longest_ms / _MS

    def get(self, name: str) -> float | None:
        """Return the figure called `name`."""
        value: float | None = getattr(self, name)
        return value


NAMES = tuple(each.name for each in fields(Figures))
