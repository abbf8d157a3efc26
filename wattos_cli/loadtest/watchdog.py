"""Notices a generator that hangs, by what it writes into its journal."""

import math
from collections.abc import Callable

from wattos_cli.loadtest.plan import Plan

START_S = 120.0
"""So long a generator may take before it counts anything: users are made ready in that time."""
SILENT_S = 30.0
OVERDUE_S = 60.0
"""So long after the end of its time it must have ended."""
EXIT_S = 10.0


class Watchdog:
    """Looks after one run; `monotonic` tells the time in seconds."""

    def __init__(self, plan: Plan, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._waits = plan.crew.role == "worker"
        self._duration_s = plan.duration_s
        self._heard_s = monotonic() + plan.crew.wait_s + START_S - SILENT_S
        self._latest_s = math.inf
        self._ended_s = math.inf

    def look(self, *, heard: bool, ended: bool) -> str | None:
        """Return why the generator hangs, "" if all is said and it only will not go, None while all is well.

        `heard` and `ended` tell whether it has written something since the last look, and its last word.
        """
        now_s = self._monotonic()
        if heard:
            self._heard_s = now_s
            self._latest_s = min(self._latest_s, now_s + self._duration_s + OVERDUE_S)
        if ended:
            self._ended_s = min(self._ended_s, now_s)
            return "" if now_s - self._ended_s > EXIT_S else None
        if self._waits:  # a worker writes nothing: it has a master, who looks after it
            return None
        if now_s - self._heard_s > SILENT_S:
            return f"nothing was heard from it for {SILENT_S:.0f} s, and it was killed"
        if now_s > self._latest_s:
            return f"it did not end within {OVERDUE_S:.0f} s after its time, and was killed"
        return None
