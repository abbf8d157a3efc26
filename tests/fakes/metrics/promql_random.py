"""Expressions at random, and samples for them: the same ones for the same seed.

Left out is what Prometheus 2.42 and 3 answer differently, and what is nobody's promise: which of equal values
is the larger, and the last digit of a value that becomes a label.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from wattos_cli.metricstore.series import NAME, Series

# Samples lie 1.234 s after whole quarters of a minute, evaluations 7 s after whole minutes: no range begins
# or ends on a sample, and no range of a subquery on one of its steps.
BEGIN_S = 1_700_000_040
EVALUATED_S = BEGIN_S + 2400 + 7
_SAMPLES = 400

_METRICS = ("req_total", "temp", "gappy", "lat_seconds_bucket", "limit", "weird", "info_m")
_MATCHERS = ('job="a"', 'job=~"a|b"', 'instance!="1"', 'instance=~"[12]"', 'job!~"b.*"', 'x=""', 'x!=""')
_OVER_TIME = (
    *("rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets"),
    *(
        "sum_over_time",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "count_over_time",
        "last_over_time",
    ),
    *("stddev_over_time", "stdvar_over_time", "present_over_time", "absent_over_time"),
)
_OF_SAMPLES = (
    *(
        "abs",
        "ceil",
        "floor",
        "exp",
        "ln",
        "log2",
        "log10",
        "sqrt",
        "sgn",
        "deg",
        "rad",
        "timestamp",
        "absent",
    ),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
)
_NUMBERS = ("0", "1", "2", "-1", "0.5", "3.7", "1e3", "-2.5", "NaN", "Inf", "-Inf", "time()", "pi()")
_ARITHMETIC = ("+", "-", "*", "/", "%", "^")
_COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
_LABELS = ("job", "instance", "job, instance", "status", "le", "x", "job, le", "")


def history() -> Iterator[Series]:
    """Yield counters that fall, gauges, series with gaps, histograms, and some that are no numbers."""
    rng = Random(5)
    for job in "ab":
        for instance in "123":
            own = {"job": job, "instance": instance}
            for status, rate in (("200", 3.0), ("500", 0.3)):
                yield _series("req_total", {**own, "status": status}, _counter(rng, rate))
            yield _series("temp", own, [round(rng.gauss(20, 8), 2) for _ in range(_SAMPLES)])
            gaps = [rng.choice([None, None, None, place * 1.0, -1.5]) for place in range(_SAMPLES)]
            yield _series("gappy", own, gaps)
            for rate, bound in enumerate(("0.1", "0.5", "1", "5", "+Inf"), 1):
                counts = [rate * place * 1.5 for place in range(_SAMPLES)]
                yield _series("lat_seconds_bucket", {**own, "le": bound}, counts)
            yield _series("info_m", {**own, "version": f"v{instance}"}, [1.0] * _SAMPLES)
    yield _series("limit", {"job": "a"}, [100.0] * _SAMPLES)
    yield _series("limit", {"job": "b"}, [50.0] * _SAMPLES)
    places = range(_SAMPLES)
    yield _series("weird", {"x": "nan"}, [math.nan if place % 3 == 0 else place * 1.0 for place in places])
    yield _series("weird", {"x": "inf"}, [math.inf if place % 5 == 0 else place * -1.0 for place in places])


def _counter(rng: Random, rate: float) -> list[float]:
    total, values = 0.0, []
    for place in range(_SAMPLES):
        total = 0.0 if place % 97 == 96 else total + rate * rng.choice([0, 1, 2, 5])
        values.append(total)
    return values


def _series(name: str, labels: dict[str, str], values: list[float | None] | list[float]) -> Series:
    kept = [(place, value) for place, value in enumerate(values) if value is not None]
    times = [BEGIN_S * 1000 + 1234 + place * 15_000 for place, _ in kept]
    return Series(tuple(sorted({NAME: name, **labels}.items())), times, [value for _, value in kept])


@dataclass
class Expressions:
    """Makes expressions; `depth` is how many operations may be within each other."""

    rng: Random

    def vector(self, depth: int) -> str:
        """Return an instant vector that may be an operand."""
        if depth <= 0 or self.rng.random() < 0.12:
            return f"({self._selector()}{self._modifier()})"
        made = [self._over_windows, self._of_samples, self._aggregation, self._with_number, self._of_two]
        return self.rng.choices(made, weights=(5, 4, 4, 2, 3))[0](depth - 1)

    def _one(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def _selector(self) -> str:
        matchers = self._one(*_MATCHERS) if self.rng.random() < 0.4 else ""
        return f"{self._one(*_METRICS)}{{{matchers}}}"

    def _modifier(self) -> str:
        place = self.rng.random()
        if place < 0.15:
            return f" offset {self._one('1m', '13s', '-2m', '10m')}"
        if place < 0.26:
            return self._one(f" @ {EVALUATED_S - self.rng.randrange(600)}.5", " @ start()", " @ end()")
        return ""

    def _range(self, depth: int) -> str:
        if depth > 0 and self.rng.random() < 0.25:
            span = self._one("101s", "311s", "601s")
            return f"{self.vector(depth - 1)}[{span}:{self._one('30s', '60s', '20s')}]{self._modifier()}"
        return f"{self._selector()}[{self._one('45s', '1m', '2m', '5m', '7m', '20m')}]{self._modifier()}"

    def _number(self, depth: int) -> str:
        place = self.rng.random()
        if depth > 0 and place < 0.15:
            return f"scalar({self.vector(depth - 1)})"
        if depth > 0 and place < 0.3:
            return f"({self._number(depth - 1)} {self._one(*_ARITHMETIC)} {self._number(depth - 1)})"
        return self._one(
            "0", "1", "2", "-1", "0.5", "3.7", "1e3", "-2.5", "NaN", "Inf", "-Inf", "time()", "pi()"
        )

    def _over_windows(self, depth: int) -> str:
        if self.rng.random() < 0.1:
            return f"quantile_over_time({self._one('0', '0.5', '0.9', '2')}, {self._range(depth)})"
        return f"{self._one(*_OVER_TIME)}({self._range(depth)})"

    def _of_samples(self, depth: int) -> str:
        inner, number = self.vector(depth), self._number(depth)
        target, group = self._one("new", "job"), self._one("1", "{1}y")
        made = [f"{self._one(*_OF_SAMPLES)}({inner})"] * 4 + [
            f"-{inner}",
            f"clamp({inner}, {number}, {self._number(depth)})",
            f"{self._one('clamp_min', 'clamp_max', 'round')}({inner}, {number})",
            f"vector({number})",
            f"histogram_quantile({self._one('0', '0.5', '0.99', '1')}, {inner})",
            f'label_replace({inner}, "{target}", "${group}", "job", "(a|b.*)")',
            f'label_join({inner}, "{target}", "-", "job", "instance")',
        ]
        return self.rng.choice(made)

    def _aggregation(self, depth: int) -> str:
        grouping = f"{self._one('by', 'without')} ({self._one(*_LABELS)})" if self.rng.random() < 0.7 else ""
        operator = self._one("sum", "avg", "min", "max", "count", "group", "quantile")
        param = f"{self._one('0.5', '0.9', '1', '0')}, " if operator == "quantile" else ""
        return f"{operator} {grouping} ({param}{self.vector(depth)})"

    def _with_number(self, depth: int) -> str:
        operator = self._one(*_ARITHMETIC, *_COMPARISONS)
        returns = " bool" if operator in _COMPARISONS and self.rng.random() < 0.4 else ""
        sides = [self.vector(depth), self._number(depth)]
        self.rng.shuffle(sides)
        return f"({sides[0]} {operator}{returns} {sides[1]})"

    def _of_two(self, depth: int) -> str:
        operator = self._one(*_ARITHMETIC, *(f"{each} bool" for each in _COMPARISONS), "and", "or", "unless")
        matching = f" {self._one('on', 'ignoring')}({self._one(*_LABELS)})" if self.rng.random() < 0.6 else ""
        if matching and operator not in ("and", "or", "unless") and self.rng.random() < 0.5:
            matching += f" {self._one('group_left', 'group_right')}({self._one('', 'status', 'version')})"
        return f"({self.vector(depth)} {operator}{matching} {self.vector(depth)})"
