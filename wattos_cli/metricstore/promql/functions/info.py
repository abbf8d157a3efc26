"""info(): series get the labels that info metrics have for the same job and instance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql import selectors
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.functions.signature import Function
from wattos_cli.metricstore.promql.nodes import Selector, Subquery, children
from wattos_cli.metricstore.promql.values import Column, Row, Vector, label, merged, only, show, with_label
from wattos_cli.metricstore.series import NAME, Labels, Matcher

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import At, Call, Node

_IDENTITY = ("instance", "job")
_DEFAULT = Matcher(NAME, "=", "target_info")
_ANY_INFO = Matcher(NAME, "=~", ".+_info")

Places = dict[tuple[str, Labels], Vector]
"""The info series by name and identity; the columns hold when each sample was taken."""


@dataclass(frozen=True)
class _Wanted:
    """What the second argument asks for: which info metrics, and which of their labels."""

    names: Sequence[Matcher]
    data: Sequence[Matcher]

    def is_source(self, labels: Labels) -> bool:
        """Return whether a series is itself one of the info metrics."""
        return all(matcher.matches(label(labels, NAME)) for matcher in self.names)

    def takes(self, name: str) -> bool:
        """Return whether the label `name` of an info series is wanted."""
        return name != NAME and (not self.data or any(matcher.name == name for matcher in self.data))

    @property
    def needs_one(self) -> bool:
        """Whether a series without any info series is left out."""
        return not all(matcher.matches("") for matcher in self.data)


def _info(evaluator: Evaluator, call: Call) -> Vector:
    wanted = _wanted(call)
    rows = evaluator.vector(call.args[0])
    bare = [row for row in rows if not wanted.is_source(row.labels)]
    places = _places(evaluator, call, wanted, bare)
    names = list(dict.fromkeys(name for name, _ in places))
    made = [row for row in rows if wanted.is_source(row.labels)]
    for row in bare:
        identity = only(row.labels, _IDENTITY)
        found = [places[name, identity] for name in names if (name, identity) in places]
        made += _enriched(row, found, wanted)
    return merged(made)


def _wanted(call: Call) -> _Wanted:
    matchers = call.args[1].matchers if len(call.args) > 1 and isinstance(call.args[1], Selector) else ()
    names = [matcher for matcher in matchers if matcher.name == NAME]
    if not names:
        names = [_DEFAULT]
    elif all(matcher.op in ("!=", "!~") for matcher in names):
        names = [_ANY_INFO, *names]
    return _Wanted(names, [matcher for matcher in matchers if matcher.name != NAME])


def _places(evaluator: Evaluator, call: Call, wanted: _Wanted, bare: Vector) -> Places:
    known = {name: {label(row.labels, name) for row in bare} - {""} for name in _IDENTITY}
    places: Places = defaultdict(list)
    if not any(known.values()):
        return places
    offset_ms, at = next(_reference(call.args[0], 0), (0, None))
    selector = Selector(call.position, (*wanted.names, *wanted.data), offset_ms, at)
    for row in selectors.timestamps(evaluator, selector):
        if all(label(row.labels, name) in values for name, values in known.items() if values):
            places[label(row.labels, NAME), only(row.labels, _IDENTITY)].append(row)
    return places


def _reference(node: Node, outer_ms: int) -> Iterator[tuple[int, At | None]]:
    """Yield offset and `@` of the selectors in `node`: the innermost `@`, and the offsets up to it."""
    if isinstance(node, Selector):
        yield node.offset_ms + (0 if node.at else outer_ms), node.at
        return
    inner_ms = outer_ms
    if isinstance(node, Subquery):
        inner_ms = node.offset_ms + (0 if node.at else outer_ms)
    for child in children(node):
        for offset_ms, at in _reference(child, inner_ms):
            yield offset_ms, at or (node.at if isinstance(node, Subquery) else None)


def _enriched(row: Row, found: Sequence[Vector], wanted: _Wanted) -> Vector:
    """Return `row`, as one series for every set of labels that it gets in the course of time."""
    columns: dict[Labels, Column] = {}
    for step, value in enumerate(row.column):
        chosen = [newest for members in found if (newest := _newest(members, step)) is not None]
        if value is None or (not chosen and wanted.needs_one):
            continue
        column = columns.setdefault(_labels(row.labels, chosen, wanted), [None] * len(row.column))
        column[step] = value
    return [Row(labels, column, row.drops_name) for labels, column in columns.items()]


def _newest(members: Vector, step: int) -> Labels | None:
    """Return the labels of the info series with the newest sample at `step`; PromqlError for a tie."""
    newest: tuple[float, Labels] | None = None
    for row in members:
        taken = row.column[step]
        if taken is None or (newest is not None and taken < newest[0]):
            continue
        if newest is not None and taken == newest[0]:
            existing, new = sorted([show(newest[1]), show(row.labels)])
            at_ms = round(taken * 1000)
            raise PromqlError(
                f"found duplicate series for info metric: existing {existing} @ {at_ms}, new {new} @ {at_ms}"
            )
        newest = (taken, row.labels)
    return newest[1] if newest else None


def _labels(base: Labels, chosen: Sequence[Labels], wanted: _Wanted) -> Labels:
    own = {name for name, _ in base}
    added: dict[str, str] = {}
    for labels in chosen:
        for name, value in labels:
            if name in own or not wanted.takes(name):
                continue
            if added.setdefault(name, value) != value:
                raise PromqlError(f"conflicting label: {name}")
    for name, value in added.items():
        base = with_label(base, name, value)
    return base


TABLE: Mapping[str, Function] = {"info": _info}
