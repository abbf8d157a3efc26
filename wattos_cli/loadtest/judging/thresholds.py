"""The grammar of thresholds: `[METRIC[{name=REQUEST}]:]AGGREGATE OP VALUE[unit]`."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wattos_cli.config.problems import ExpressionError
from wattos_cli.errors import marked
from wattos_cli.loadtest.measuring.requests import TIMES

_OPTION = "--threshold"
SHARES = ("errors", "goodput")
METRICS = (*TIMES, *SHARES, "rps", "usd")
OPS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
"""In the order in which they are looked for: `<` stands at the beginning of `<=`."""
QUANTILE = re.compile(r"p(?:\((\d+(?:\.\d+)?)\)|(\d+(?:\.\d+)?))")
_METRIC = re.compile(r"([A-Za-z_]\w*)\s*(\{[^}]*\}?)?\s*:")
_NAMED = re.compile(r"\{\s*name\s*=\s*([^}]*[^}\s])\s*\}")
_AGGREGATE = re.compile(r"p\([^)]*\)?|[\w.]+")
_AGGREGATES = {
    **dict.fromkeys(TIMES, ("min", "avg", "med", "max", "count")),
    **dict.fromkeys(SHARES, ("rate", "count")),
    "rps": ("rate", "avg"),
    "usd": ("sum", "avg"),
}
_UNITS_MS = {"": 1.0, "us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_UNITS_SHARE = {"": 1.0, "%": 0.01}
_UNIT_OF = {**dict.fromkeys(SHARES, "share"), "rps": "/s", "usd": "USD"}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([^\s\d.]*)")
_PER_CENT = 100.0
_EXAMPLE = "like this: p95<500ms   errors:rate<1%   ttft:p(99)<800ms   latency{name=GET /v1/models}:max<2s"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One condition on the whole run; `limit` in ms for times, a share for rates, USD for usd."""

    expression: str
    metric: str
    name: str | None
    aggregate: str
    op: str
    limit: float

    def holds(self, value: float) -> bool:
        """Return whether `value` is as it must be."""
        return OPS[self.op](value, self.limit)

    @property
    def quantile(self) -> float | None:
        """Return the share (0 to 1) of a `p95`, None for other aggregates."""
        found = QUANTILE.fullmatch(self.aggregate)
        return float(found[1] or found[2]) / _PER_CENT if found else None

    @property
    def unit(self) -> str:
        """Return the unit of its values: ms, share, /s, USD, or nothing."""
        if self.aggregate == "count":
            return ""
        return _UNIT_OF.get(self.metric, "ms")

    def told(self, value: float) -> str:
        """Return a value as people read it: `310 ms`, `2.13 %`."""
        if self.unit == "share":
            return f"{value * _PER_CENT:.3g} %"
        figure = f"{value:.4g}"
        return f"{figure}{self.unit}" if self.unit == "/s" else f"{figure} {self.unit}".rstrip()


def parse(expression: str) -> Threshold:
    """Return the threshold that `expression` means; WattosError (exit 2) marks what is wrong with it."""
    try:
        return _Parser(expression).parse()
    except ExpressionError as error:
        raise marked(_OPTION, expression, error.at, error.reason, _EXAMPLE) from None


def checked(expression: str) -> str:
    """Return `expression`, which stands in a file; ExpressionError marks what is wrong with it."""
    _Parser(expression).parse()
    return expression


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> Threshold:
        metric, name = self._metric()
        aggregate = self._aggregate(metric)
        self._blanks()
        op = next((op for op in OPS if self._text.startswith(op, self._at)), None)
        if op is None:
            raise self._wrong(f"expected one of {' '.join(OPS)}")
        self._at += len(op)
        return Threshold(self._text, metric, name, aggregate, op, self._limit(metric, aggregate))

    def _metric(self) -> tuple[str, str | None]:
        """Return the metric and the request's name; `latency` of all requests if none is given."""
        self._blanks()
        found = _METRIC.match(self._text, self._at)
        if found is None:
            if "{" in self._text:
                self._at = self._text.index("{")
                raise self._wrong("expected METRIC{name=REQUEST}:")
            return "latency", None
        if found[1] not in METRICS:
            raise self._wrong(f"unknown metric {found[1]!r} (known: {', '.join(METRICS)})")
        name = None
        if found[2] is not None:
            named = _NAMED.fullmatch(found[2])
            if named is None:
                self._at = found.start(2)
                raise self._wrong("expected {name=REQUEST}")
            name = named[1]
        self._at = found.end()
        return found[1], name

    def _aggregate(self, metric: str) -> str:
        self._blanks()
        found = _AGGREGATE.match(self._text, self._at)
        text = found.group() if found else ""
        known = _AGGREGATES[metric]
        if metric in TIMES:
            quantile = QUANTILE.fullmatch(text)
            if quantile and float(quantile[1] or quantile[2]) <= _PER_CENT:
                self._at += len(text)
                return text
            known = ("p50", "p95", "p(99.9)", *known)
        if text not in known:
            raise self._wrong(f"expected an aggregate of {metric} ({', '.join(known)})")
        self._at += len(text)
        return text

    def _limit(self, metric: str, aggregate: str) -> float:
        self._blanks()
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self._wrong("expected a number")
        units = {"": 1.0}
        if metric in TIMES and aggregate != "count":
            units = _UNITS_MS
        elif metric in SHARES and aggregate == "rate":
            units = _UNITS_SHARE
        if found[2] not in units:
            self._at = found.start(2)
            known = ", ".join(unit for unit in units if unit) or "none"
            raise self._wrong(f"unknown unit {found[2]!r} (known here: {known})")
        limit = float(f"{float(found[1]) * units[found[2]]:.12g}")
        if units is _UNITS_SHARE and limit > 1:
            raise self._wrong("a share is at most 100 %, which is 1")
        self._at = found.end()
        self._blanks()
        if self._at < len(self._text):
            raise self._wrong("expected the end")
        return limit

    def _blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _wrong(self, problem: str) -> ExpressionError:
        return ExpressionError(problem, self._text, self._at)
