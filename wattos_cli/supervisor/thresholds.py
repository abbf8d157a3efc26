"""Probe schedules, and how many answers in a row it takes to change a verdict."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """Times in seconds, thresholds in answers in a row.

    While a service starts it is asked often (`start_interval_s`), later every `interval_s`.
    """

    start_interval_s: float = 0.015
    interval_s: float = 5.0
    timeout_s: float = 1.0
    liveness_failures: int = 3
    readiness_failures: int = 2
    readiness_successes: int = 1
    # A service without anything to ask counts as ready when it has lived this long.
    settle_s: float = 2.0


@dataclass(slots=True)
class Threshold:
    """A yes or no that flips only after enough answers in a row say otherwise."""

    failures_to_fail: int
    successes_to_pass: int
    passing: bool = False
    _streak: int = 0

    def record(self, *, ok: bool) -> bool:
        """Take one answer in; return whether the verdict flipped."""
        if ok == self.passing:
            self._streak = 0
            return False
        self._streak += 1
        if self._streak < (self.successes_to_pass if ok else self.failures_to_fail):
            return False
        self.passing = ok
        self._streak = 0
        return True
