"""Searches the largest arrival rate that holds: doubling until one does not, then halving what is left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wattos_cli.loadtest.judging.verdict import Verdict
from wattos_cli.loadtest.measuring.measured import Measured

CLOSE = 0.05
"""The search ends when the smallest rate that failed is so little above the largest that held."""
_LEAST_SHARE = 1 / 64
_LEAST_FOR_A_KNEE = 3
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried: iterations a second asked for and begun, times in ms, share of failures."""

    rate: float
    achieved: float
    p50: float | None
    p95: float | None
    p99: float | None
    errors: float | None
    verdict: Verdict


Attempt = Callable[[float], Step | None]
"""Tries a rate; None: somebody interrupted."""


@dataclass
class Search:
    """What was tried, why it ended before its time, and whether that leaves the limit unknown."""

    steps: list[Step] = field(default_factory=list)
    ended: str = ""
    inconclusive: bool = False

    @property
    def held(self) -> float | None:
        """Return the largest rate that held, None if none did."""
        return max((step.rate for step in self.steps if step.verdict == "pass"), default=None)

    @property
    def crossed(self) -> float | None:
        """Return the smallest rate that never held, None if there is none."""
        return min(self._failed(), default=None)

    @property
    def doubtful(self) -> bool:
        """Return whether all that is known from above is one miss, which a hiccup may have been."""
        return len(self._failed()) == 1 and self.held is not None

    def _failed(self) -> list[float]:
        """Return the rates that did not hold, once for each try, without those that held as well."""
        held = {step.rate for step in self.steps if step.verdict == "pass"}
        return [step.rate for step in self.steps if step.verdict == "fail" and step.rate not in held]


def search(start: float, most: float, attempt: Attempt, found: Search) -> None:
    """Fill `found` by trying rates from `start` on, none above `most`; the first that fails, twice.

    It ends early, and `found.ended` says why, when a step says nothing (the generator's fault), when even
    `most` holds, or when nothing does down to a 64th of `start`.
    """
    rate: float | None = start
    while rate is not None and not found.ended:
        step = attempt(rate)
        if step is None:
            found.ended, found.inconclusive = "interrupted", True
            return
        found.steps.append(step)
        if step.verdict == "invalid":
            found.ended = f"at {rate:g}/s nothing valid could be measured: the search ends there"
            found.inconclusive = True
        rate = _next(start, most, found)


def _next(start: float, most: float, found: Search) -> float | None:
    """Return the rate to try next, None when the search is over."""
    held, crossed = found.held, found.crossed
    if found.ended or (held is None and crossed is None):
        return None
    if crossed is None:
        return _higher(held or start, most, found)
    if held is None:
        return _lower(crossed, start, found)
    if found.doubtful:
        return crossed
    middle = _rounded((held + crossed) / 2)
    return middle if held * (1 + CLOSE) <= crossed and held < middle < crossed else None


def _higher(held: float, most: float, found: Search) -> float | None:
    if held < most:
        return min(held * 2, most)
    found.ended = f"{most:g}/s holds, and no more is tried"
    return None


def _lower(crossed: float, start: float, found: Search) -> float | None:
    if crossed > start * _LEAST_SHARE:
        return _rounded(crossed / 2)
    found.ended = f"not even {crossed:g}/s holds"
    return None


def step_of(rate: float, measured: Measured, verdict: Verdict) -> Step:
    """Return what was measured at a rate."""
    total = measured.of()
    latency = total.time("latency")
    due = measured.total.due
    return Step(
        rate=rate,
        achieved=_rounded(rate * (due - measured.total.dropped) / due) if due else 0.0,
        p50=_figure(latency.quantile(0.5)),
        p95=_figure(latency.quantile(0.95)),
        p99=_figure(latency.quantile(0.99)),
        errors=_rounded(total.failures / total.count) if total.count else None,
        verdict=verdict,
    )


def knee(steps: Sequence[Step]) -> float | None:
    """Return the rate from which on p95 climbs: where it lies deepest below the line from first to last.

    None for fewer than three steps, or when it does not climb. Source: Satopaa et al., Kneedle, 2011.
    """
    told = [(step.rate, step.p95) for step in steps if step.p95 is not None]
    if len(told) < _LEAST_FOR_A_KNEE:
        return None
    (first, low), (last, high) = told[0], told[-1]
    if last <= first or high <= low:
        return None
    depths = [((rate - first) / (last - first) - (p95 - low) / (high - low), rate) for rate, p95 in told]
    depth, rate = max(depths)
    return rate if depth > 0 else None


def _figure(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
