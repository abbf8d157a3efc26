"""Functions of one number: rounding, logarithms, angles, limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.arithmetic import INF, NAN, divide
from wattos_cli.metricstore.promql.functions.signature import Function, per_sample
from wattos_cli.metricstore.promql.values import Row, Scalar, Vector

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call


def _real(formula: Callable[[float], float], *, even: bool = False) -> Function:
    """Return the function of `formula`: NaN outside its domain, an infinity where it overflows."""

    def total(value: float) -> float:
        try:
            return formula(value)
        except ValueError:
            return NAN
        except OverflowError:
            return INF if even else math.copysign(INF, value)

    return per_sample(total)


def _logarithm(formula: Callable[[float], float]) -> Function:
    return _real(lambda value: -INF if value == 0 else formula(value))


def _whole(formula: Callable[[float], float]) -> Function:
    def whole(value: float) -> float:
        return math.copysign(formula(value), value) if math.isfinite(value) else value

    return per_sample(whole)


def _sign(value: float) -> float:
    return math.copysign(1.0, value) if value and not math.isnan(value) else value


def _atanh(value: float) -> float:
    return math.copysign(INF, value) if abs(value) == 1 else math.atanh(value)


def _round(evaluator: Evaluator, call: Call) -> Vector:
    steps = evaluator.scalar(call.args[1]) if len(call.args) > 1 else [1.0] * len(evaluator.times)

    def rounded(value: float, step: float) -> float:
        inverse = divide(1.0, step)
        scaled = value * inverse + 0.5
        return divide(math.floor(scaled) if math.isfinite(scaled) else scaled, inverse)

    return [
        Row(
            row.labels,
            [
                None if value is None else rounded(value, step)
                for value, step in zip(row.column, steps, strict=True)
            ],
            True,
        )
        for row in evaluator.vector(call.args[0])
    ]


def _clamp(evaluator: Evaluator, call: Call) -> Vector:
    steps = len(evaluator.times)
    lows, highs = [-INF] * steps, [INF] * steps
    if call.name in ("clamp", "clamp_min"):
        lows = evaluator.scalar(call.args[1])
    if call.name in ("clamp", "clamp_max"):
        highs = evaluator.scalar(call.args[-1])
    return [
        Row(
            row.labels,
            [
                None if value is None or high < low else _larger(low, _lesser(high, value))
                for value, low, high in zip(row.column, lows, highs, strict=True)
            ],
            True,
        )
        for row in evaluator.vector(call.args[0])
    ]


def _larger(left: float, right: float) -> float:
    """Return the larger one; NaN if either is, unless the other is +Inf, as Go's math.Max."""
    if INF in (left, right):
        return INF
    return NAN if math.isnan(left) or math.isnan(right) else max(left, right)


def _lesser(left: float, right: float) -> float:
    """Return the lesser one; NaN if either is, unless the other is -Inf, as Go's math.Min."""
    return -_larger(-left, -right)


def _of_two(pick: Callable[[float, float], float]) -> Function:
    def function(evaluator: Evaluator, call: Call) -> Scalar:
        left, right = (evaluator.scalar(arg) for arg in call.args)
        return [pick(a, b) for a, b in zip(left, right, strict=True)]

    return function


TABLE: Mapping[str, Function] = {
    "abs": per_sample(abs),
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "sgn": per_sample(_sign),
    "exp": _real(math.exp),
    "sqrt": _real(math.sqrt),
    "ln": _logarithm(math.log),
    "log2": _logarithm(math.log2),
    "log10": _logarithm(math.log10),
    "sin": _real(math.sin),
    "cos": _real(math.cos),
    "tan": _real(math.tan),
    "asin": _real(math.asin),
    "acos": _real(math.acos),
    "atan": _real(math.atan),
    "sinh": _real(math.sinh),
    "cosh": _real(math.cosh, even=True),
    "tanh": _real(math.tanh),
    "asinh": _real(math.asinh),
    "acosh": _real(math.acosh),
    "atanh": _real(_atanh),
    "deg": per_sample(lambda value: value * 180 / math.pi),
    "rad": per_sample(lambda value: value * math.pi / 180),
    "pi": lambda evaluator, _: [math.pi] * len(evaluator.times),
    "round": _round,
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clamp_max": _clamp,
    "max_of": _of_two(_larger),
    "min_of": _of_two(_lesser),
}
