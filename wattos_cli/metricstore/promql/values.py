"""What expressions evaluate to: a column of values per series, one for each step of the query."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.timetable import Spans, Timetable
from wattos_cli.metricstore.series import NAME, Labels

METADATA = frozenset([NAME, "__type__", "__unit__"])
"""Labels that describe a metric and are dropped together when a value no longer is that metric."""

Column = list[float | None]
"""One value per step; None where the series has none."""

Scalar = list[float]
"""One number per step."""


@dataclass(slots=True)
class Row:
    """One series of a vector over all steps; `drops_name` is heeded at the end, as Prometheus 3 does."""

    labels: Labels
    column: Column
    drops_name: bool = False


Vector = list[Row]


@dataclass(slots=True)
class Windows:
    """One series of a range vector: its samples without stale markers, and the window of each step."""

    labels: Labels
    times_ms: Sequence[int]
    values: Sequence[float]
    timetable: Timetable
    drops_name: bool = False

    def bounds(self) -> Spans:
        """Return for each step the first sample of the window and the first after it."""
        return self.timetable.spans(self.times_ms)


RangeVector = list[Windows]
Value = Scalar | Vector | RangeVector | str


def by_key(rows: Vector, key: Callable[[Labels], Labels]) -> dict[Labels, Vector]:
    """Return the rows of each group, in order; `key` makes of a series' labels those of its group."""
    groups: dict[Labels, Vector] = defaultdict(list)
    for row in rows:
        groups[key(row.labels)].append(row)
    return groups


def label(labels: Labels, name: str) -> str:
    """Return the value of the label `name`, empty if there is none."""
    for known, value in labels:
        if known == name:
            return value
    return ""


def without(labels: Labels, names: Iterable[str]) -> Labels:
    """Return `labels` but those of `names`."""
    dropped = frozenset(names)
    return tuple(pair for pair in labels if pair[0] not in dropped)


def only(labels: Labels, names: Iterable[str]) -> Labels:
    """Return those of `labels` that are in `names`."""
    kept = frozenset(names)
    return tuple(pair for pair in labels if pair[0] in kept)


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """Return `labels` with `name` set to `value`; an empty value removes it."""
    rest = [pair for pair in labels if pair[0] != name]
    return tuple(sorted([*rest, (name, value)])) if value else tuple(rest)


def show(labels: Labels) -> str:
    """Return `labels` as messages quote them, the name as a label among them."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"


def merged(rows: Vector) -> Vector:
    """Return `rows` with those of equal labels made one; PromqlError if they have values at the same step."""
    known: dict[tuple[Labels, bool], Row] = {}
    for row in rows:
        twin = known.setdefault((row.labels, row.drops_name), row)
        if twin is not row:
            known[row.labels, row.drops_name] = Row(row.labels, _joined(twin, row), row.drops_name)
    return list(known.values())


def named(rows: Vector) -> Vector:
    """Return `rows` without the names that they were to lose, merged."""
    return merged([Row(without(row.labels, METADATA), row.column) if row.drops_name else row for row in rows])


def _joined(first: Row, second: Row) -> Column:
    if any(a is not None and b is not None for a, b in zip(first.column, second.column, strict=True)):
        raise PromqlError("vector cannot contain metrics with the same labelset")
    return [b if a is None else a for a, b in zip(first.column, second.column, strict=True)]
