"""A drill performed: load started, phases gone through, and the outcome, whatever ended it."""

from typing import Literal

from wattos_cli.drills.drill import Drill
from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.outcome import Outcome
from wattos_cli.drills.runner.drill_run import DrillRun, InvalidDrillError
from wattos_cli.drills.runner.harness import Harness
from wattos_cli.drills.steps import Observer
from wattos_cli.errors import Terminated, WattosError
from wattos_cli.logstore.instants import rfc3339

_SLACK_S = 120.0


def perform(drill: Drill, harness: Harness, observer: Observer) -> Outcome:
    """Run the drill and return what became of it; `observer` is told each step as it happens.

    Interrupted or terminated, it mends what is broken and says so in the outcome; likewise when the platform
    goes away in the middle. WattosError when the load cannot be started.
    """
    phases = drill.phases
    began, started_at = harness.monotonic(), rfc3339(harness.clock())
    run: DrillRun | None = None
    reason = ""
    signal: Literal["", "interrupted", "terminated"] = ""
    try:
        with harness.load(drill, phases.steady + phases.fault + phases.recovery + _SLACK_S) as load:
            run = DrillRun(drill, harness, load, observer)
            run.run()
    except InvalidDrillError as error:
        reason = str(error)
    except WattosError as error:
        if run is None or not run.steps:
            raise
        reason = error.message
    except KeyboardInterrupt:
        reason = signal = "interrupted"
    except Terminated:
        reason = signal = "terminated"
    return Outcome(
        drill=drill,
        steps=tuple(run.steps) if run else (),
        figures=run.record.figures if run else Figures(),
        started_at=started_at,
        duration_s=harness.monotonic() - began,
        errors=run.record.errors() if run else {},
        reason=reason,
        signal=signal,
    )
