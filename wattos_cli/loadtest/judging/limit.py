"""Searches the largest arrival rate that holds: doubling until one does not, then halving what is left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wattos_cli.loadtest.judging.verdict import Verdict, refused_by_limits
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.measuring.requests import Requests

CLOSE = 0.05
"""The search ends when the smallest rate that failed is so little above the largest that held."""
_LEAST_SHARE = 1 / 64
_LEAST_FOR_A_KNEE = 3
_LIMITED_LEAST = 0.01
"""The share of requests that rate limits refuse from which on they are why a rate does not hold."""
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried: iterations a second asked for and begun, times in ms, share of failures.

    `why` is what a reader must know of a verdict of `invalid`; `limited` says what rate limits refused, where
    that was enough to keep the rate from holding.
    """

    rate: float
    achieved: float
    p50: float | None
    p95: float | None
    p99: float | None
    errors: float | None
    verdict: Verdict
    why: str = ""
    limited: str = ""


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
    def bounded_by(self) -> str:
        """Return why no more was tried than what held, "" where the thresholds say so, or nothing does."""
        return "" if self.held is None or self.inconclusive else self.ended

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

    It ends early, and `found.ended` says why, when a step says nothing (the generator's fault), when rate
    limits keep one from holding, when even `most` holds, or when nothing does down to a 64th of `start`.
    Between a rate that held and one that was limited there is nothing to find: what a limit has left depends
    on the steps before.
    """
    rate: float | None = start
    while rate is not None and not found.ended:
        step = attempt(rate)
        if step is None:
            found.ended, found.inconclusive = "interrupted", True
            return
        found.steps.append(step)
        if step.limited:
            found.ended = f"the search ends at {rate:g}/s: {step.limited}"
        elif step.verdict == "invalid":
            found.ended = f"the search ends at {rate:g}/s, where nothing valid could be measured: {step.why}"
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


def step_of(rate: float, measured: Measured, verdict: Verdict, why: Sequence[str] = ()) -> Step:
    """Return what was measured at a rate, and `why` the verdict is what it is."""
    total = measured.of()
    limited = "" if verdict == "pass" or measured.ending is None else _limited(total)
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
        why="; ".join(why),
        limited=limited,
    )


def _limited(total: Requests) -> str:
    """Return what rate limits refused and what to do, "" for too little to matter."""
    refused = refused_by_limits(total)
    if refused < total.count * _LIMITED_LEAST or not refused:
        return ""
    return (
        f"{refused} of {total.count} requests were refused by rate limits (429); to load more, raise them:"
        " [limits.tenants.loadtest] in wattos.toml, then: wattos config reload"
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
