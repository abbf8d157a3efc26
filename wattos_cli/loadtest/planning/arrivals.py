"""When iterations are due in the open model: by the inverse of the cumulative rate."""

import math
from collections.abc import Iterator
from random import Random

from wattos_cli.loadtest.plan import Arrivals, Stage

READY_S = 60.0
"""So long users may take until they are ready; arrivals begin without those that take longer."""
LATE_S = 5.0
"""An iteration that nobody began so long after it was due is dropped."""


def times(arrivals: Arrivals, rng: Random) -> Iterator[float]:
    """Yield when each iteration is due, in seconds from the start, in order.

    Even arrivals come whenever the rate, summed up, reaches the next whole number, the first at 0; those of
    a Poisson process whenever it reaches the next point of one with rate 1 (inversion, Cinlar 1975).
    """
    due = _exponential(rng) if arrivals.poisson else 0.0
    began_s, counted, level = 0.0, 0.0, arrivals.start
    for stage in arrivals.stages:
        here = (level + stage.level) / 2 * stage.duration_s
        while due < counted + here:
            yield began_s + _reached_s(level, stage, due - counted)
            due += _exponential(rng) if arrivals.poisson else 1.0
        began_s, counted, level = began_s + stage.duration_s, counted + here, stage.level


def level_at(start: float, stages: tuple[Stage, ...], at_s: float) -> float:
    """Return the level at `at_s` seconds of `stages` that began at `start`; after them the last."""
    level = start
    for stage in stages:
        if at_s < stage.duration_s:
            return level + (stage.level - level) * at_s / stage.duration_s
        at_s -= stage.duration_s
        level = stage.level
    return level


def _reached_s(level: float, stage: Stage, count: float) -> float:
    """Return after how many seconds of a stage that begins at `level` its rate has summed up to `count`."""
    slope = (stage.level - level) / stage.duration_s
    root = math.sqrt(max(level * level + 2 * slope * count, 0.0))
    # This form of the quadratic's solution holds for a slope of 0 too, and nothing cancels out in it.
    return min(2 * count / (level + root), stage.duration_s) if count else 0.0


def _exponential(rng: Random) -> float:
    return -math.log(1.0 - rng.random())
