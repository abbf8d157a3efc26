"""From measurements to figures and verdicts: pure functions."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, nan


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which `share` of `ordered` lies; NaN of nothing. `ordered` must be sorted."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else nan


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return by how much `values` grow in one unit of `times`, by least squares; 0 for a single point."""
    if len(set(times)) < 2:  # noqa: PLR2004 - a line needs two points
        return 0.0
    return statistics.linear_regression(times, values).slope


def highest_kept(rungs: Iterable[tuple[int, bool]]) -> int:
    """Return the highest rung of a ladder before the first that did not hold, 0 if none held."""
    highest = 0
    for rung, held in rungs:
        if not held:
            break
        highest = rung
    return highest


@dataclass(frozen=True)
class Bar:
    """What a figure must reach: at least `least` and at most `most`."""

    least: float = -inf
    most: float = inf

    def holds(self, value: float) -> bool:
        """Return whether `value` reaches the bar; NaN never does."""
        return self.least <= value <= self.most

    def __str__(self) -> str:
        return f">= {self.least:g}" if self.least > -inf else f"<= {self.most:g}"


@dataclass(frozen=True)
class Verdict:
    """One figure against its bar."""

    name: str
    value: float
    bar: Bar
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Return whether the bar is reached."""
        return self.bar.holds(self.value)

    def __str__(self) -> str:
        told = "ok" if self.holds else "MISSED"
        return f"{self.name:52} {self.value:9.2f} {self.unit:4} {self.bar!s:>9}  {told}"
