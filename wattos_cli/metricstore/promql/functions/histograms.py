"""Classic histograms: quantiles and shares from the counts of buckets. Native histograms are refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wattos_cli.metricstore.promql import buckets as formulas
from wattos_cli.metricstore.promql.digits import of_label
from wattos_cli.metricstore.promql.functions.signature import Function
from wattos_cli.metricstore.promql.values import Column, Row, Scalar, Vector, label, with_label, without
from wattos_cli.metricstore.series import NAME, Labels

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.buckets import Buckets
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call, Node

BUCKET = "le"

Histograms = dict[Labels, list[tuple[float, Column]]]
"""Upper bounds and counts of the buckets of each histogram, by its labels without `le`."""


def _quantile(evaluator: Evaluator, call: Call) -> Vector:
    fractions = evaluator.scalar(call.args[0])
    _check_fractions(evaluator, fractions, call.args[0])
    found = _histograms(evaluator, call.args[1])
    return [
        Row(key, _quantiles(evaluator, key, members, fractions, call.args[1]), True)
        for key, members in found.items()
    ]


def _quantile_list(evaluator: Evaluator, call: Call) -> Vector:
    """Evaluate several quantiles at once, each a series with a label of its own."""
    name = evaluator.text(call.args[1])
    wanted = [evaluator.scalar(arg) for arg in call.args[2:]]
    for fractions, arg in zip(wanted, call.args[2:], strict=True):
        _check_fractions(evaluator, fractions, arg)
    found = _histograms(evaluator, call.args[0])
    rows = []
    for fractions in wanted:
        for key, members in found.items():
            column = _quantiles(evaluator, key, members, fractions, call.args[0])
            rows += _by_fraction(key, name, fractions, column)
    return rows


def _by_fraction(key: Labels, name: str, fractions: Scalar, column: Column) -> Vector:
    """Return one row for each distinct fraction: it may differ from step to step."""
    texts = [of_label(fraction) for fraction in fractions]
    return [
        Row(
            with_label(key, name, text),
            [value if own == text else None for own, value in zip(texts, column, strict=True)],
            True,
        )
        for text in dict.fromkeys(texts)
    ]


def _fraction(evaluator: Evaluator, call: Call) -> Vector:
    lows, highs = evaluator.scalar(call.args[0]), evaluator.scalar(call.args[1])
    rows = []
    for key, members in _histograms(evaluator, call.args[2]).items():
        column: Column = [
            formulas.share(low, high, found) if found else None
            for low, high, found in zip(lows, highs, _per_step(members), strict=True)
        ]
        rows.append(Row(key, column, True))
    return rows


def _quantiles(
    evaluator: Evaluator, key: Labels, members: list[tuple[float, Column]], fractions: Scalar, arg: Node
) -> Column:
    column: Column = []
    for at_ms, fraction, found in zip(evaluator.times, fractions, _per_step(members), strict=True):
        if not found:
            column.append(None)
            continue
        value, repair = formulas.quantile(fraction, found)
        column.append(value)
        if repair is not None:
            bounds = (repair.low_bucket, repair.high_bucket)
            evaluator.annotations.not_monotonic(label(key, NAME), arg.position, at_ms, bounds, repair.largest)
    return column


def _per_step(members: list[tuple[float, Column]]) -> list[Buckets]:
    """Return for each step the buckets present then, by rising bound."""
    ordered = sorted(members, key=lambda member: member[0])
    bounds = [bound for bound, _ in ordered]
    return [
        [(bound, count) for bound, count in zip(bounds, counts, strict=True) if count is not None]
        for counts in zip(*(column for _, column in ordered), strict=True)
    ]


def _histograms(evaluator: Evaluator, arg: Node) -> Histograms:
    found: Histograms = defaultdict(list)
    for row in evaluator.vector(arg):
        text = label(row.labels, BUCKET)
        bound = _bound(text)
        if bound is not None:
            found[without(row.labels, (BUCKET,))].append((bound, row.column))
        elif any(value is not None for value in row.column):
            evaluator.annotations.bad_bucket(label(row.labels, NAME), text, arg.position)
    return found


def _bound(text: str) -> float | None:
    try:
        return float(text) if text.strip() == text and "_" not in text else None
    except ValueError:
        return None


def _check_fractions(evaluator: Evaluator, fractions: Scalar, arg: Node) -> None:
    for fraction in fractions:
        if not 0 <= fraction <= 1:
            evaluator.annotations.invalid_quantile(fraction, arg.position)


def _nothing_native(evaluator: Evaluator, call: Call) -> Vector:
    """Return nothing: these functions ignore all but native histograms, of which a source has none."""
    evaluator.vector(call.args[0])
    return []


TABLE: Mapping[str, Function] = {
    "histogram_quantile": _quantile,
    "histogram_quantiles": _quantile_list,
    "histogram_fraction": _fraction,
    **dict.fromkeys(
        ("histogram_avg", "histogram_count", "histogram_sum", "histogram_stddev", "histogram_stdvar"),
        _nothing_native,
    ),
}
