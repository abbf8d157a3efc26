"""Functions that write labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from wattos_cli.metricstore.patterns import compiled
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.functions.signature import Function
from wattos_cli.metricstore.promql.literals import is_text
from wattos_cli.metricstore.promql.values import Row, Vector, label, merged, with_label
from wattos_cli.metricstore.series import NAME

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.evaluator import Evaluator
    from wattos_cli.metricstore.promql.nodes import Call

_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


def _replace(evaluator: Evaluator, call: Call) -> Vector:
    """Set a label to what a pattern finds in another one; a series without a match stays as it is."""
    target, replacement, source, pattern = (evaluator.text(arg) for arg in call.args[1:])
    try:
        wanted = compiled(pattern)
    except re.error:
        raise PromqlError(
            f"invalid regular expression in label_replace(): {pattern}", call.position
        ) from None
    _check(target, "destination", call)
    rows = []
    for row in evaluator.vector(call.args[0]):
        found = wanted.fullmatch(label(row.labels, source))
        if found is None:
            rows.append(row)
            continue
        labels = with_label(row.labels, target, _expand(found, replacement))
        rows.append(Row(labels, row.column, row.drops_name and target != NAME))
    return merged(rows)


def _expand(found: re.Match[str], replacement: str) -> str:
    """Return `replacement` with $1, ${1}, $name and ${name} filled in, $$ being a dollar, as Go does."""

    def value(reference: re.Match[str]) -> str:
        if reference.group(1):
            return "$"
        name = reference.group(2) or reference.group(3)
        try:
            return found.group(int(name) if name.isdigit() else name) or ""
        except IndexError:
            return ""

    return _REFERENCE.sub(value, replacement)


def _join(evaluator: Evaluator, call: Call) -> Vector:
    """Set a label to others joined by a separator."""
    target, separator, *sources = (evaluator.text(arg) for arg in call.args[1:])
    for source in sources:
        _check(source, "source", call)
    _check(target, "destination", call)
    rows = []
    for row in evaluator.vector(call.args[0]):
        joined = separator.join(label(row.labels, source) for source in sources)
        labels = with_label(row.labels, target, joined)
        rows.append(Row(labels, row.column, row.drops_name and target != NAME))
    return merged(rows)


def _check(name: str, role: str, call: Call) -> None:
    if not name or not is_text(name):
        raise PromqlError(f"invalid {role} label name in {call.name}(): {name}", call.position)


TABLE: Mapping[str, Function] = {"label_replace": _replace, "label_join": _join}
