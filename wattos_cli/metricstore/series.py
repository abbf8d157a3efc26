"""Series of samples and how they are selected: what the store gives and the query engine takes."""

import re
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from wattos_cli.metricstore.patterns import compiled

NAME = "__name__"
Labels = tuple[tuple[str, str], ...]
"""Labels of a series, `__name__` included, sorted by name, none of them empty."""

MatchOp = Literal["=", "!=", "=~", "!~"]

_STALE_BITS = 0x7FF0000000000002
STALE: float = struct.unpack("<d", struct.pack("<Q", _STALE_BITS))[0]
"""The NaN that ends a series: the target is gone, or exposes it no more. Source: Prometheus, model/value."""


def is_stale(value: float) -> bool:
    """Return whether `value` is the marker of an ended series, not just any NaN."""
    return value != value and struct.unpack("<Q", struct.pack("<d", value))[0] == _STALE_BITS  # noqa: PLR0124 - the test for NaN


@dataclass(frozen=True, slots=True)
class Series:
    """One series: sample n is `values[n]` at `times_ms[n]`, in Unix milliseconds, strictly ascending."""

    labels: Labels
    times_ms: Sequence[int]
    values: Sequence[float]

    def between(self, start_ms: int, end_ms: int) -> "Series | None":
        """Return the series with its samples from `start_ms` through `end_ms`; None when there are none."""
        begin = bisect_left(self.times_ms, start_ms)
        end = bisect_right(self.times_ms, end_ms)
        return Series(self.labels, self.times_ms[begin:end], self.values[begin:end]) if begin < end else None


@dataclass(frozen=True)
class Matcher:
    """A condition on one label; an absent label counts as empty. Patterns match the whole value."""

    name: str
    op: MatchOp
    value: str

    def matches(self, value: str) -> bool:
        """Return whether a label of that value (empty: none) meets the condition."""
        if self.op == "=":
            return value == self.value
        if self.op == "!=":
            return value != self.value
        return (self._pattern.fullmatch(value) is not None) == (self.op == "=~")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return compiled(self.value)


class Source(Protocol):
    """Where series come from: the store on disk, or one made for a test."""

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterable[Series]:
        """Return the series that meet all `matchers`, with their samples from `start_ms` through `end_ms`.

        Series without a sample in that time are left out; stale markers are samples.
        """


class Catalogue(Protocol):
    """Which series there are, without a look at their samples."""

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterable[Labels]:
        """Return the labels of the series that meet all `matchers` and had samples in about that time."""
