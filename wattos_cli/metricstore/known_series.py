"""What series a platform has, by the registry, and what an expression asks for beyond them."""

from collections.abc import Iterator, Mapping

import promql_parser as parser

from wattos_platform.contracts.metrics import FAMILIES, MetricFamily

# What a scrape adds to the series of a target. Source: Prometheus, "Jobs and instances".
OF_A_SCRAPE = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
OF_A_TARGET = ("job", "instance", "namespace")
_SAMPLES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def known_series() -> dict[str, frozenset[str]]:
    """Return the labels of every series that a platform has, by the series' name."""
    known = {name: frozenset(OF_A_TARGET) for name in OF_A_SCRAPE}
    for family in FAMILIES:
        for suffix in _SAMPLES[family.kind]:
            known[family.name + suffix] = _labels(family, suffix)
    return known


def _labels(family: MetricFamily, suffix: str) -> frozenset[str]:
    return frozenset((*family.labels, *OF_A_TARGET, *(("le",) if suffix == "_bucket" else ())))


def strangers(tree: parser.Expr, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield which metrics and labels of a parsed expression are not `known`."""
    nodes: list[parser.Expr] = []
    parser.walk(tree, nodes.append, lambda _: None)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, parser.VectorSelector):
            name = node.name or ""
            if name not in known:
                yield f"no service has the metric {name}"
                continue
            found |= known[name]
            named = {matcher.name for matcher in node.matchers.matchers}
            yield from (f"{name} has no label {label}" for label in sorted(named - known[name]))
    for node in nodes:
        if isinstance(node, parser.AggregateExpr) and node.modifier is not None:
            unknown = sorted(set(node.modifier.labels) - found)
            yield from (f"nothing in it has the label {label}" for label in unknown)
