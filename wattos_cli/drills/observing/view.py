"""The platform as a drill sees it: the port, and one look through it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from wattos_cli.deps import Finding, Metrics
from wattos_cli.metricstore.series import Source


@dataclass(frozen=True, slots=True)
class Scraped:
    """Metrics, the series behind them, and the moment of their last scrape in seconds of the wall clock."""

    metrics: Metrics
    series: Source
    at_s: float


class Platform(Protocol):
    """What can be asked of a platform; each method raises WattosError when it cannot be asked at all."""

    def breakers(self) -> Sequence[Mapping[str, Any]]:
        """Return every breaker of every replica that answers, as `wattos breaker list -o json` does."""
        ...

    def changes(self) -> Sequence[Mapping[str, Any]]:
        """Return the breakers' changes of state since the last call, as `wattos breaker watch` does."""
        ...

    def findings(self) -> Sequence[Finding]:
        """Return how each replica says it is."""
        ...

    def scraped(self) -> Scraped:
        """Return metrics that are a second old at most."""
        ...

    def counts(self) -> Mapping[str, Any]:
        """Return what the simulator received; empty when none runs."""
        ...

    def restarts(self) -> int:
        """Return how often the supervisor has started a process again, of all that run."""
        ...


class View:
    """One look at the platform: each part is asked for once, when it is first wanted."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @cached_property
    def breakers(self) -> Sequence[Mapping[str, Any]]:
        """Return every breaker of every replica."""
        return self._platform.breakers()

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """Return how each replica says it is."""
        return self._platform.findings()

    @cached_property
    def scraped(self) -> Scraped:
        """Return what was scraped last."""
        return self._platform.scraped()

    @cached_property
    def counts(self) -> Mapping[str, Any]:
        """Return what the simulator received."""
        return self._platform.counts()

    @cached_property
    def restarts(self) -> int:
        """Return how often the supervisor has started a process again."""
        return self._platform.restarts()


def received(counts: Mapping[str, Any], provider: str) -> Mapping[str, int]:
    """Return what one provider received of the simulator's `counts`; without a name all of them together."""
    of_one: Mapping[str, int] = counts.get("providers", {}).get(provider, {})
    return of_one if provider else counts
