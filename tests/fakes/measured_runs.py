"""Load tests that were never run: what a generator would have measured."""

from collections.abc import Sequence

from wattos_cli.loadtest.interval import Interval
from wattos_cli.loadtest.measured import Ending, Measured
from wattos_cli.loadtest.requests import Requests


def measured_run(
    *requests: Requests, duration_s: float = 5.0, saturated: Sequence[str] = (), ended: bool = True
) -> Measured:
    """Return a run of one interval in which these requests were counted."""
    run = Measured(ending=Ending(duration_s, tuple(saturated)) if ended else None)
    run.add(Interval(0.0, duration_s, requests={one.name: one for one in requests}))
    return run
