"""The counters that a drill compares before and after."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from wattos_cli.deps import BadQueryError, FailedQueryError
from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.observing.view import View
from wattos_cli.errors import WattosError

_FALLBACKS = "sum(llm_fallbacks_total)"
_RETRIES = "sum(retry_attempts_total)"
CountT = TypeVar("CountT")


@dataclass(frozen=True, slots=True)
class Counters:
    """How far they had come at a moment; None when nobody could be asked."""

    fallbacks: float | None
    retries: float | None
    restarts: int | None

    @classmethod
    def of(cls, view: View) -> Self:
        """Return the counters as they are."""
        return cls(
            _known(lambda: view.counter(_FALLBACKS)),
            _known(lambda: view.counter(_RETRIES)),
            _known(lambda: view.restarts),
        )

    def since(self, before: "Counters", figures: Figures) -> None:
        """Write into `figures` what was counted since `before`; a process that began anew counts from 0."""
        if self.fallbacks is not None and before.fallbacks is not None:
            figures.fallbacks = round(max(0.0, self.fallbacks - before.fallbacks))
        if self.retries is not None and before.retries is not None and figures.requests:
            figures.retry_amplification = 1 + max(0.0, self.retries - before.retries) / figures.requests
        if self.restarts is not None and before.restarts is not None:
            figures.restarts = max(0, self.restarts - before.restarts)


def _known(count: Callable[[], CountT]) -> CountT | None:
    try:
        return count()
    except (WattosError, BadQueryError, FailedQueryError):
        return None
