"""The counters that a drill compares before and after."""

from dataclasses import dataclass
from typing import Self

from wattos_cli.deps import BadQueryError, FailedQueryError
from wattos_cli.drills.figures import Figures
from wattos_cli.drills.view import View
from wattos_cli.errors import WattosError

_FALLBACKS = "sum(llm_fallbacks_total)"
_RETRIES = "sum(retry_attempts_total)"


@dataclass(frozen=True, slots=True)
class Counters:
    """How far they had come at a moment; None when nobody could be asked."""

    fallbacks: float | None
    retries: float | None

    @classmethod
    def of(cls, view: View) -> Self:
        """Return the counters as they are."""
        try:
            return cls(view.counter(_FALLBACKS), view.counter(_RETRIES))
        except (WattosError, BadQueryError, FailedQueryError):
            return cls(None, None)

    def since(self, before: "Counters", figures: Figures) -> None:
        """Write into `figures` what was counted since `before`; a process that began anew counts from 0."""
        if self.fallbacks is not None and before.fallbacks is not None:
            figures.fallbacks = round(max(0.0, self.fallbacks - before.fallbacks))
        if self.retries is not None and before.retries is not None and figures.requests:
            figures.retry_amplification = 1 + max(0.0, self.retries - before.retries) / figures.requests
