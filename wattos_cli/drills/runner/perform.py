"""A drill performed: load started, phases gone through, and the outcome, whatever ended it."""

from typing import Literal, NamedTuple

from wattos_cli.drills.drill import Drill
from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.outcome import Outcome
from wattos_cli.drills.runner.drill_run import DrillRun, InvalidDrillError
from wattos_cli.drills.runner.harness import Harness
from wattos_cli.drills.steps import Observer
from wattos_cli.errors import Terminated, WattosError
from wattos_cli.logstore.instants import rfc3339

_SLACK_S = 120.0
_Signal = Literal["", "interrupted", "terminated"]


class _End(NamedTuple):
    """Why a drill says nothing, "" if it does; what ended the command; when, on the monotonic clock."""

    reason: str
    signal: _Signal
    at_s: float


def perform(drill: Drill, harness: Harness, observer: Observer) -> Outcome:
    """Run the drill and return what became of it; `observer` is told each step as it happens.

    Interrupted or terminated, it mends what is broken and says so in the outcome; likewise when the platform
    goes away in the middle. What follows on its end, when the load is put away, is none of the outcome; a
    signal then ends no more than that. WattosError when the load cannot be started.
    """
    phases = drill.phases
    began, started_at = harness.monotonic(), rfc3339(harness.clock())
    run: DrillRun | None = None
    end: _End | None = None
    try:
        with harness.load(drill, phases.steady + phases.fault + phases.recovery + _SLACK_S) as load:
            run = DrillRun(drill, harness, load, observer)
            end = _gone_through(run, harness)
    except (KeyboardInterrupt, Terminated) as error:
        signal = _signal(error)
        end = end._replace(signal=signal) if end else _End(signal, signal, harness.monotonic())
    return Outcome(
        drill=drill,
        steps=tuple(run.steps) if run else (),
        figures=run.record.figures if run else Figures(),
        started_at=started_at,
        duration_s=end.at_s - began,
        errors=run.record.errors() if run else {},
        reason=end.reason,
        signal=end.signal,
    )


def _gone_through(run: DrillRun, harness: Harness) -> _End:
    """Go through all phases and return how they ended; WattosError when there was no load."""
    reason = ""
    signal: _Signal = ""
    try:
        run.run()
    except InvalidDrillError as error:
        reason = str(error)
    except WattosError as error:
        if not run.steps:
            raise
        reason = error.message
    except (KeyboardInterrupt, Terminated) as error:
        reason = signal = _signal(error)
    return _End(reason, signal, harness.monotonic())


def _signal(error: KeyboardInterrupt | Terminated) -> Literal["interrupted", "terminated"]:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "terminated"
