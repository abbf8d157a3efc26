"""Arithmetic of IEEE 754 as Go has it: no operation fails, it gives an infinity or NaN instead."""

import math
from collections.abc import Callable, Iterable, Sequence

NAN = math.nan
INF = math.inf

_CANCELLED = 1e-11
"""A sum so much less than one of its parts has lost digits."""

_LARGEST = 1.7976931348623157e308


def divide(left: float, right: float) -> float:
    """Return the quotient; dividing by zero gives an infinity, or NaN for zero by zero."""
    if right:
        return left / right
    if not left or math.isnan(left) or math.isnan(right):
        return NAN
    return math.copysign(INF, left) * math.copysign(1.0, right)


def power(left: float, right: float) -> float:
    """Return `left` to the power of `right`; NaN where that is no real number."""
    try:
        return math.pow(left, right)
    except ValueError:
        if left == 0:  # a negative power of zero
            return math.copysign(INF, left) if right % 2 == 1 else INF
        return NAN
    except OverflowError:
        return -INF if left < 0 and right % 2 == 1 else INF


def modulo(left: float, right: float) -> float:
    """Return the remainder with the sign of `left`; NaN for a division by zero or of an infinity."""
    try:
        return math.fmod(left, right)
    except ValueError:
        return NAN


def total(values: Sequence[float]) -> float:
    """Return the sum of `values`: exact but for the last rounding, unless they cancel out.

    Where they do, it is compensated as Prometheus does, and as inexact.
    """
    try:
        whole = math.fsum(values)
    except (OverflowError, ValueError):
        return _compensated(values)
    if values:
        high, low = max(values), min(values)
        if abs(whole) < _CANCELLED * max(high, -low):
            return _compensated(values)
    return whole


def mean(values: Sequence[float]) -> float:
    """Return the mean of `values`, which are not none, also where their sum would overflow."""
    whole = total(values)
    if not math.isinf(whole):
        return whole / len(values)
    average, rest = 0.0, 0.0
    for count, value in enumerate(values, 1):
        if count == 1:
            average = value
            continue
        kept = (count - 1) / count
        average, rest = compensate(value / count, kept * average, kept * rest)
    return average + rest


def compensate(increment: float, running: float, rest: float) -> tuple[float, float]:
    """Return sum and rest after one more value, by Neumaier's variant of Kahan's summation."""
    new = running + increment
    if math.isinf(new):
        return new, 0.0
    if abs(running) >= abs(increment):
        return new, rest + ((running - new) + increment)
    return new, rest + ((increment - new) + running)


def _compensated(values: Iterable[float]) -> float:
    running, rest = 0.0, 0.0
    for value in values:
        running, rest = compensate(value, running, rest)
    return running if math.isinf(running) else running + rest


def variance(values: Sequence[float]) -> float:
    """Return the population variance of `values`, which are not none (Welford's method, compensated)."""
    average, average_rest, squares, squares_rest = 0.0, 0.0, 0.0, 0.0
    for count, value in enumerate(values, 1):
        delta = value - (average + average_rest)
        average, average_rest = compensate(delta / count, average, average_rest)
        squares, squares_rest = compensate(delta * (value - (average + average_rest)), squares, squares_rest)
    return (squares + squares_rest) / len(values)


def quantile(fraction: float, values: Sequence[float]) -> float:
    """Return the quantile of `values`, linear between neighbours; NaN counts as the least.

    Outside 0 to 1 it is an infinity; of nothing, or for NaN, it is NaN.
    """
    if not values or math.isnan(fraction):
        return NAN
    if fraction < 0:
        return -INF
    if fraction > 1:
        return INF
    ordered = sorted(values, key=nan_first)
    rank = fraction * (len(ordered) - 1)
    low = max(0, math.floor(rank))
    high = min(len(ordered) - 1, low + 1)
    weight = rank - math.floor(rank)
    return ordered[low] * (1 - weight) + ordered[high] * weight


def nan_first(value: float) -> tuple[bool, float]:
    """Return a key by which NaN sorts before all numbers."""
    return (False, 0.0) if math.isnan(value) else (True, value)


def largest(values: Sequence[float]) -> float:
    """Return the largest of `values`; NaN only if there is nothing else."""
    found = max(values)
    if math.isnan(found):
        return max((value for value in values if not math.isnan(value)), default=NAN)
    return found


def smallest(values: Sequence[float]) -> float:
    """Return the smallest of `values`; NaN only if there is nothing else."""
    found = min(values)
    if math.isnan(found):
        return min((value for value in values if not math.isnan(value)), default=NAN)
    return found


def almost_equal(left: float, right: float, tolerance: float) -> bool:
    """Return whether the values differ by less than `tolerance`, relative to their sum.

    Source: Prometheus, almost.Equal.
    """
    if left == right or (math.isnan(left) and math.isnan(right)):
        return True
    if math.isnan(left) or math.isnan(right):
        return False
    magnitude = abs(left) + abs(right)
    difference = abs(left - right)
    smallest_normal = 2.2250738585072014e-308
    if left == 0 or right == 0 or magnitude < smallest_normal:
        return difference < tolerance * smallest_normal
    return difference / min(magnitude, _LARGEST) < tolerance


Operation = Callable[[float, float], float]

ARITHMETIC: dict[str, Operation] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": divide,
    "%": modulo,
    "^": power,
    "atan2": math.atan2,
}
COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
}
