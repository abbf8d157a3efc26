"""Load tests that were never run: what a generator would have measured."""

import math
from collections.abc import Sequence

from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Ending, Measured
from wattos_cli.loadtest.measuring.requests import Requests


def measured_run(
    *requests: Requests, duration_s: float = 5.0, saturated: Sequence[str] = (), ended: bool = True
) -> Measured:
    """Return a run in whose first second these requests were counted, and nothing afterwards."""
    run = Measured(ending=Ending(duration_s, tuple(saturated)) if ended else None)
    run.add(Interval(0.0, min(1.0, duration_s), requests={one.name: one for one in requests}))
    for second in range(1, math.ceil(duration_s)):
        run.add(Interval(float(second), min(1.0, duration_s - second)))
    return run
