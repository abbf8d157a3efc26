"""Axes: where a value lies, and at which round values there are ticks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wattos_cli.render.loadtest.figures import tick, time_tick

_STEPS = (1.0, 2.0, 5.0, 10.0)
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_MINUTE_S = 60
_MOST_TICKS = 12
_FEW_DECADES = 2.5
_LEAST = 1e-9
_SPREAD = 30.0


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`; each tick is a value with its label."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies between 0 and 100; what lies outside lies at the end."""
        if self.log:
            span = math.log(self.high / self.low)
            share = math.log(max(value, self.low) / self.low) / span
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0) * 100


def linear(
    most: float, label: Callable[[float], str] = tick, *, ticks: int = 4, whole: bool = False
) -> Scale:
    """Return an axis from 0 to a round value from `most` on, with about so many ticks."""
    most = most if most > _LEAST and math.isfinite(most) else 1.0
    step = _round_step(most / ticks)
    step = max(step, 1.0) if whole else step
    count = math.ceil(most / step - _LEAST)
    return Scale(0.0, step * count, [(step * place, label(step * place)) for place in range(count + 1)])


def between(low: float, high: float, label: Callable[[float], str] = tick, *, ticks: int = 6) -> Scale:
    """Return an axis from `low` to `high` as they are, with ticks at round values within."""
    if high - low <= _LEAST * max(1.0, abs(high)):
        room = max(abs(low), abs(high)) / 10 or 0.5
        low, high = low - room, high + room
    step = _round_step((high - low) / ticks)
    first = math.ceil(low / step - _LEAST)
    last = math.floor(high / step + _LEAST)
    return Scale(low, high, [(step * place, label(step * place)) for place in range(first, last + 1)])


def logarithmic(low: float, high: float, label: Callable[[float], str] = tick) -> Scale:
    """Return a logarithmic axis from `low` to `high`, both above 0, with ticks at 1, 2, 5, 10 ..."""
    if high / low < 1.02:  # noqa: PLR2004 - all values alike
        low, high = low / 1.2, high * 1.2
    decades = math.log10(high / low)
    marks = (1.0, 2.0, 5.0) if decades <= _FEW_DECADES else (1.0,)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    values = [mark * 10.0**power for power in range(first, last + 1) for mark in marks]
    within = [value for value in values if low <= value <= high]
    if len(within) < 2:  # noqa: PLR2004 - an axis needs two
        linear_step = _round_step((high - low) / 4)
        start = math.ceil(low / linear_step)
        within = [linear_step * place for place in range(start, math.floor(high / linear_step) + 1)]
    thinned = within[:: math.ceil(len(within) / _MOST_TICKS)]
    return Scale(low, high, [(value, label(value)) for value in thinned], log=True)


def times(values_ms: Sequence[float]) -> Scale:
    """Return an axis of times in ms; a logarithmic one where the largest would flatten all others."""
    above = [value for value in values_ms if value > 0]
    if above and max(above) / min(above) > _SPREAD:
        return logarithmic(min(above), max(above), time_tick)
    return linear(max(values_ms, default=0.0), time_tick)


def seconds(end_s: float) -> Scale:
    """Return the axis of a run's time."""
    end_s = max(end_s, _LEAST)
    step = next((each for each in _STEPS_S if end_s / each <= 8), math.ceil(end_s / 8))  # noqa: PLR2004 - ticks
    if end_s < 1:
        return Scale(0.0, end_s, [(0.0, "0 s")])
    count = int(end_s / step + _LEAST)
    told = clock(end_s)
    return Scale(0.0, end_s, [(float(step * place), told(step * place)) for place in range(count + 1)])


def clock(end_s: float) -> Callable[[float], str]:
    """Return how moments of a run are written: `45 s`, in a run of more than two minutes `2:05`."""
    return _minutes if end_s > 2 * _MINUTE_S else lambda at_s: f"{tick(at_s)} s"


def _minutes(at_s: float) -> str:
    minutes, left = divmod(round(at_s), _MINUTE_S)
    return f"{minutes}:{left:02}"


def _round_step(least: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten from `least` on."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step for step in _STEPS if step * power >= least * (1 - _LEAST)) * power
