"""Whether what a board asks for exists: metrics and labels as the registry has them."""

from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as parser

from wattos_cli.dashboards.lint.expressions import nodes, selectors
from wattos_cli.dashboards.lint.reading import targets
from wattos_cli.dashboards.scope import VARIABLES
from wattos_platform.contracts.metrics import FAMILIES, MetricFamily

# What a scrape adds to the series of a target. Source: Prometheus, "Jobs and instances".
OF_A_SCRAPE = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
_SAMPLES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def known_series() -> dict[str, frozenset[str]]:
    """Return the labels of every series that a platform has, by the series' name."""
    known = {name: frozenset(VARIABLES) for name in OF_A_SCRAPE}
    for family in FAMILIES:
        for suffix in _SAMPLES[family.kind]:
            known[family.name + suffix] = _labels(family, suffix)
    return known


def _labels(family: MetricFamily, suffix: str) -> frozenset[str]:
    return frozenset((*family.labels, *VARIABLES, *(("le",) if suffix == "_bucket" else ())))


def unknown(board: Mapping[str, Any], own_labels: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield what a board's JSON asks for that no platform has; `own_labels` are those of a selector."""
    known = {name: labels | own_labels for name, labels in known_series().items()}
    for where, target in targets(board):
        yield from (f"{where}: {what}" for what in _unknown_in(str(target.get("expr")), known))


def _unknown_in(expr: str, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    found: set[str] = set()
    for selector, _above in selectors(expr):
        name = selector.name or ""
        if name not in known:
            yield f"no service has the metric {name}"
            continue
        found |= known[name]
        named = {matcher.name for matcher in selector.matchers.matchers}
        yield from (f"{name} has no label {label}" for label in sorted(named - known[name]))
    for node, _above in nodes(expr):
        if isinstance(node, parser.AggregateExpr) and node.modifier is not None:
            strangers = sorted(set(node.modifier.labels) - found)
            yield from (f"nothing in it has the label {label}" for label in strangers)
