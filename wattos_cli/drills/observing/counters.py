"""What was counted between two moments of a drill."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.observing.view import Scraped, View
from wattos_cli.errors import WattosError
from wattos_cli.metricstore.counted import CountedSource

_FALLBACKS = "llm_fallbacks_total"
_RETRIES = "retry_attempts_total"
KnownT = TypeVar("KnownT")


@dataclass(frozen=True, slots=True)
class Counters:
    """The counters at a moment; None when nobody could be asked."""

    scraped: Scraped | None
    restarts: int | None

    @classmethod
    def of(cls, view: View) -> Self:
        """Return the counters as they are."""
        return cls(_known(lambda: view.scraped), _known(lambda: view.restarts))

    def since(self, before: "Counters", figures: Figures) -> None:
        """Write into `figures` what was counted since `before`, by processes that have ended meanwhile too.

        What a process counted between its last scrape and its end is lost.
        """
        if self.scraped is not None and before.scraped is not None:
            start_ms, end_ms = (round(each.at_s * 1000) for each in (before.scraped, self.scraped))
            counted = CountedSource(self.scraped.series, start_ms, end_ms)
            figures.fallbacks = round(counted.total(_FALLBACKS))
            if figures.requests:
                figures.retry_amplification = 1 + counted.total(_RETRIES) / figures.requests
        if self.restarts is not None and before.restarts is not None:
            figures.restarts = max(0, self.restarts - before.restarts)


def _known(told: Callable[[], KnownT]) -> KnownT | None:
    try:
        return told()
    except WattosError:
        return None
