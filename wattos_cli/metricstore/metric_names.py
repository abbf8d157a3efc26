"""The metrics that an expression asks for by name."""

from dataclasses import fields, is_dataclass
from typing import Any

from wattos_cli.metricstore.series import NAME, Matcher


def metric_names(expression: str) -> set[str]:
    """Return the names of the metrics in `expression`; PromqlError when it cannot be read."""
    from wattos_cli.metricstore.promql.parse import parse

    return _names(parse(expression))


def _names(part: Any) -> set[str]:
    if isinstance(part, Matcher):
        return {part.value} if part.name == NAME and part.op == "=" else set()
    if isinstance(part, tuple):
        return set().union(*map(_names, part))
    if is_dataclass(part):
        return set().union(*(_names(getattr(part, field.name)) for field in fields(part)))
    return set()
