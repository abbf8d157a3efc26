"""How the series of two vectors find their partners, and what becomes of the pairs."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.nodes import ARITHMETIC
from wattos_cli.metricstore.promql.values import (
    METADATA,
    Column,
    Row,
    Vector,
    by_key,
    label,
    merged,
    only,
    show,
    with_label,
    without,
)
from wattos_cli.metricstore.series import NAME, Labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wattos_cli.metricstore.promql.nodes import Binary, Matching

    Element = Callable[[float, float], float | None]


def signature(matching: Matching, labels: Labels) -> Labels:
    """Return the labels by which a series is matched."""
    if matching.on:
        return only(labels, matching.labels)
    return without(labels, (NAME, *matching.labels))


def intersect(op: str, matching: Matching, left: Vector, right: Vector) -> Vector:
    """Return the vector of the set operator `op`."""
    if op == "or":
        taken = _presence(matching, left)
        rest = [_masked(row, taken.get(signature(matching, row.labels)), keep=False) for row in right]
        return merged([*left, *rest])
    present = _presence(matching, right)
    return [_masked(row, present.get(signature(matching, row.labels)), keep=op == "and") for row in left]


def combine(node: Binary, left: Vector, right: Vector, operation: Element) -> Vector:
    """Return the vector of an operator between the samples of matched series."""
    matching = node.matching
    swapped = matching.cardinality == "one-to-many"
    many, one = (right, left) if swapped else (left, right)
    # As in Prometheus, fill_left is of the side of many samples, also where that stands on the right.
    fill_many, fill_one = matching.fill_left, matching.fill_right
    if not many and fill_many is None:
        return []
    pairs = _Pairs(node, operation if not swapped else lambda a, b: operation(b, a))
    groups, partners = _grouped(matching, many), _grouped(matching, one)
    _check_one_side(partners, _any(many), "left" if swapped else "right")
    rows = []
    for key in dict.fromkeys([*groups, *partners]):
        members, matches = groups.get(key, []), partners.get(key, [])
        rows += pairs.rows(
            [*members, *_filled(key, members, matches, fill_many)],
            [*matches, *_filled(key, matches, members, fill_one)],
        )
    return merged(rows)


def _filled(key: Labels, present: Vector, other: Vector, fill: float | None) -> Vector:
    """Return the series that stands in for `present` at the steps at which only `other` has samples."""
    if fill is None or not other:
        return []
    here, there = _any(present), _any(other)
    if not here:
        return [Row(key, [fill if other_has else None for other_has in there])]
    return [Row(key, [fill if has and not own else None for own, has in zip(here, there, strict=True)])]


class _Pairs:
    """Makes the resulting series of one match group."""

    def __init__(self, node: Binary, operation: Element) -> None:
        self._node = node
        self._operation = operation

    def rows(self, many: Vector, one: Vector) -> Vector:
        """Return the results of every pair; PromqlError if one side has several samples where it may not."""
        made: list[tuple[Row, Column]] = []
        for first in many:
            for second in one:
                column, matched = self._column(first.column, second.column)
                labels = self._labels(first.labels, second.labels)
                drops = self._node.returns_bool or first.drops_name
                made.append((Row(labels, column, drops), matched))
        if len(made) > 1:
            self._check_unique(made)
        return [row for row, _ in made]

    def _column(self, first: Column, second: Column) -> tuple[Column, Column]:
        operation = self._operation
        column = [
            None if a is None or b is None else operation(a, b) for a, b in zip(first, second, strict=True)
        ]
        return column, [b if a is not None else None for a, b in zip(first, second, strict=True)]

    def _labels(self, many: Labels, one: Labels) -> Labels:
        matching = self._node.matching
        labels = without(many, METADATA) if self._node.op in ARITHMETIC else many
        if matching.cardinality == "one-to-one":
            labels = only(labels, matching.labels) if matching.on else without(labels, matching.labels)
        for name in matching.include:
            labels = with_label(labels, name, label(one, name))
        return labels

    def _check_unique(self, made: Sequence[tuple[Row, Column]]) -> None:
        one_to_one = self._node.matching.cardinality == "one-to-one"
        seen: dict[Labels, set[int]] = defaultdict(set)
        for row, matched in made:
            steps = {step for step, value in enumerate(matched) if value is not None}
            key = () if one_to_one else row.labels
            if seen[key] & steps:
                raise PromqlError(
                    "multiple matches for labels: "
                    + (
                        "many-to-one matching must be explicit (group_left/group_right)"
                        if one_to_one
                        else "grouping labels must ensure unique matches"
                    )
                )
            seen[key] |= steps


def _check_one_side(groups: dict[Labels, Vector], other: Sequence[bool], side: str) -> None:
    """Raise PromqlError if a group of the side that must be unique has two samples at a step."""
    for key, members in groups.items():
        if len(members) == 1:
            continue
        for values, there in zip(zip(*(row.column for row in members), strict=True), other, strict=True):
            twins = [
                show(row.labels) for row, value in zip(members, values, strict=True) if value is not None
            ]
            if there and len(twins) > 1:
                raise PromqlError(
                    f"found duplicate series for the match group {show(key)} on the {side} hand-side of the "
                    f"operation: [{', '.join(sorted(twins[:2]))}];many-to-many matching not allowed: "
                    "matching labels must be unique on one side"
                )


def _grouped(matching: Matching, rows: Vector) -> dict[Labels, Vector]:
    return by_key(rows, partial(signature, matching))


def _any(rows: Vector) -> list[bool]:
    """Return for each step whether any series has a value."""
    if not rows:
        return []
    return [
        any(value is not None for value in values)
        for values in zip(*(row.column for row in rows), strict=True)
    ]


def _presence(matching: Matching, rows: Vector) -> dict[Labels, list[bool]]:
    return {key: _any(members) for key, members in _grouped(matching, rows).items()}


def _masked(row: Row, present: Sequence[bool] | None, *, keep: bool) -> Row:
    """Return `row` where `present` is `keep`, None elsewhere; no `present` means never."""
    if present is None:
        return Row(row.labels, [None] * len(row.column), row.drops_name) if keep else row
    column = [value if there == keep else None for value, there in zip(row.column, present, strict=True)]
    return Row(row.labels, column, row.drops_name)
