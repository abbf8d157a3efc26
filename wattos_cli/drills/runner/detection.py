"""When the platform noticed: its first sign of trouble, and the first breaker that opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wattos_cli.drills.checks.health import WORST_LAST, worst
from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.observing.view import Platform, View

_OPEN = frozenset({"open", "forced_open"})
_Key = tuple[str, int, str]


class Detection:
    """Compares the platform with how it was just before the fault.

    A sign is a breaker that counts failures or changes its state, or health that is worse than before.
    """

    def __init__(self, before: View, platform: Platform, figures: Figures) -> None:
        self._breakers = {_key(row): row for row in before.breakers}
        self._health = worst(before.findings)
        self._platform = platform
        self._figures = figures
        platform.changes()  # those of the past are none of ours

    def look(self, view: View, passed_s: float, now: float) -> None:
        """Note what is noticed for the first time; `now` is the wall clock, `passed_s` since the fault."""
        figures = self._figures
        if figures.open_s is None:
            figures.open_s = self._opened(self._platform.changes(), now - passed_s)
        if figures.detect_s is None and self._is_noticed(view):
            figures.detect_s = passed_s
        if figures.open_s is not None and (figures.detect_s is None or figures.open_s < figures.detect_s):
            figures.detect_s = figures.open_s

    def _opened(self, changes: Sequence[Mapping[str, Any]], fault_at: float) -> float | None:
        """Return how long after the fault the first breaker opened, by the clock of who opened it."""
        times = [
            datetime.fromisoformat(str(each["time"])).timestamp() for each in changes if each["to"] in _OPEN
        ]
        return max(0.0, min(times) - fault_at) if times else None

    def _is_noticed(self, view: View) -> bool:
        if WORST_LAST.index(worst(view.findings)) > WORST_LAST.index(self._health):
            return True
        return any(_is_worse(row, self._breakers.get(_key(row))) for row in view.breakers)


def _key(row: Mapping[str, Any]) -> _Key:
    return str(row["service"]), int(row["replica"]), str(row["name"])


def _is_worse(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    if before is None:
        return bool(row["consecutive_failures"]) or row["state"] != "closed"
    figures = ("consecutive_failures", "failure_rate", "slow_call_rate")
    is_new = row["state"] not in ("closed", before["state"])  # one that has just closed is no sign of trouble
    return is_new or any(row[name] > before[name] for name in figures)
