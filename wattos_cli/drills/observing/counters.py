"""The counters that a drill compares before and after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

from wattos_cli.deps import BadQueryError, FailedQueryError
from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.observing.view import View
from wattos_cli.errors import WattosError
from wattos_cli.metricstore.series import Labels

_FALLBACKS = "llm_fallbacks_total"
_RETRIES = "retry_attempts_total"
Counted = Mapping[Labels, float]
CountT = TypeVar("CountT")


@dataclass(frozen=True, slots=True)
class Counters:
    """How far they had come at a moment; None when nobody could be asked."""

    fallbacks: Counted | None
    retries: Counted | None
    restarts: int | None

    @classmethod
    def of(cls, view: View) -> Self:
        """Return the counters as they are."""
        return cls(
            _known(lambda: view.counters(_FALLBACKS)),
            _known(lambda: view.counters(_RETRIES)),
            _known(lambda: view.restarts),
        )

    def since(self, before: "Counters", figures: Figures) -> None:
        """Write into `figures` what was counted since `before`; a process that began anew counts from 0.

        What a process had counted since its last scrape before it was killed is lost.
        """
        if self.fallbacks is not None and before.fallbacks is not None:
            figures.fallbacks = round(_grown(before.fallbacks, self.fallbacks))
        if self.retries is not None and before.retries is not None and figures.requests:
            figures.retry_amplification = 1 + _grown(before.retries, self.retries) / figures.requests
        if self.restarts is not None and before.restarts is not None:
            figures.restarts = max(0, self.restarts - before.restarts)


def _grown(before: Counted, after: Counted) -> float:
    """Return by how much the counters grew, all together: one that fell began anew."""
    pairs = ((before.get(labels, 0.0), value) for labels, value in after.items())
    return sum(value - earlier if value >= earlier else value for earlier, value in pairs)


def _known(count: Callable[[], CountT]) -> CountT | None:
    try:
        return count()
    except (WattosError, BadQueryError, FailedQueryError):
        return None
