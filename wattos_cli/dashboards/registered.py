"""Whether what a board asks for exists: metrics and labels as the registry has them."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_cli.dashboards.lint.expressions import parsed
from wattos_cli.dashboards.lint.reading import targets
from wattos_cli.metricstore.known_series import known_series, strangers


def unknown(board: Mapping[str, Any], own_labels: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield what a board's JSON asks for that no platform has; `own_labels` are those of a selector."""
    known = {name: labels | own_labels for name, labels in known_series().items()}
    for where, target in targets(board):
        tree = parsed(str(target.get("expr")))
        if not isinstance(tree, str):
            yield from (f"{where}: {what}" for what in strangers(tree, known))
