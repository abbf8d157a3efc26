"""Whether a run passed, failed, or says nothing about its target, and what a reader must know beside that."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wattos_cli.loadtest.judging import saturation
from wattos_cli.loadtest.judging.judgement import Judged
from wattos_cli.loadtest.measuring.measured import Ending, Measured
from wattos_cli.loadtest.measuring.requests import Requests

Verdict = Literal["pass", "fail", "invalid"]
DROPPED_MOST = 0.001
"""The share of arrivals that may be dropped in a run that passes."""
_TOO_MANY = "429"
_SILENT_S = 2.0
_OWN_CODE = "TASK "
"""How what a task raised is named, where it was no request."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why a run ended before its time, and what that makes of it: it is never a pass."""

    reason: str
    verdict: Literal["fail", "invalid"]


def verdict(
    measured: Measured, judged: Sequence[Judged], stopped: Stopped | None = None, processes: int = 1
) -> Verdict:
    """Return `invalid` for a run that cannot judge its target, else whether it passed."""
    total, ending = measured.of(), measured.ending
    if stopped is not None and stopped.verdict == "invalid":
        return "invalid"
    if ending is None or ending.lost or saturated(measured, processes) or nobody_answered(total):
        return "invalid"
    if stopped is not None or _dropped(measured) or silent_since_s(measured) is not None:
        return "fail"
    return "pass" if total.count and all(one.ok for one in judged) else "fail"


def saturated(measured: Measured, processes: int = 1) -> tuple[str, ...]:
    """Return why the figures are the generator's own slowness: what it says itself, else what they say."""
    said = measured.ending.saturated if measured.ending else ()
    return said or saturation.reasons(measured, processes)


def reasons(measured: Measured, target: str, stopped: Stopped | None = None, processes: int = 1) -> list[str]:
    """Return what a reader must know beside the thresholds."""
    total, ending, silent_s = measured.of(), measured.ending, silent_since_s(measured)
    told = [] if stopped is None else [stopped.reason]
    if nobody_answered(total):
        told.append(
            "no request got an HTTP answer: the users' own code raised"
            if all(name.startswith(_OWN_CODE) for name in measured.total.requests)
            else f"{target} did not answer: no request got an HTTP answer"
        )
    elif silent_s is not None:
        told.append(f"{target} stopped answering {silent_s:.0f} s after the start and did not come back")
    if ending is None:
        if stopped is None:
            how = f" ({measured.broken})" if measured.broken else ""
            told.append(f"the load generator broke off{how}: this is what it had counted until then")
    else:
        told += _of_the_generator(ending, saturated(measured, processes))
    if not total.count:
        told.append("no request was sent")
    share = _dropped(measured)
    if share:
        total_due, dropped = measured.total.due, measured.total.dropped
        told.append(
            f"{dropped} of {total_due} arrivals were dropped ({share:.2%}), as no user was free in time:"
            " the target is too slow for this rate, or --users too few"
        )
    limited = refused_by_limits(total)
    if limited:
        told.append(
            f"{limited} requests were refused by rate limits (429): "
            "use fewer users, or let them: [limits.tenants.loadtest] in wattos.toml"
        )
    return told


def refused_by_limits(total: Requests) -> int:
    """Return how many requests a rate limit refused."""
    return total.statuses.get(_TOO_MANY, 0)


def nobody_answered(total: Requests) -> bool:
    """Say whether requests were sent and not one got an HTTP answer."""
    return 0 < total.count == total.unanswered


def silent_since_s(measured: Measured) -> float | None:
    """Return when the last answer came if the run ended with nothing but silence for seconds, else None."""
    silent = 0
    for interval in reversed(measured.intervals):
        requests = interval.of()
        if requests.count > requests.unanswered:
            end_s = interval.at_s + interval.span_s
            return end_s if silent and measured.total.span_s - end_s >= _SILENT_S else None
        silent += requests.unanswered
    return None


def _of_the_generator(ending: Ending, why: Sequence[str]) -> list[str]:
    told = []
    if why:
        told.append(
            f"the load generator was saturated, what it measured is its own slowness: {'; '.join(why)}"
        )
    if ending.lost:
        told.append(f"{ending.lost} of {ending.workers} workers were lost: less load was made than asked for")
    return [*told, *ending.notes]


def _dropped(measured: Measured) -> float:
    """Return the share of arrivals that were dropped, 0 while it is small enough."""
    total = measured.total
    share = total.dropped / total.due if total.due else 0.0
    return share if share > DROPPED_MOST else 0.0
