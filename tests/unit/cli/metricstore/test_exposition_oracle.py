"""What we read of any exposition is what the parsers of the reference client read of it."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_open_metrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from wattos_cli.metricstore.exposition import Reader

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)

# The reference refuses counters, and sums of histograms, that are no number or below zero; we do not.
AMOUNTS = st.floats(min_value=0, max_value=1e12)


@st.composite
def registries(draw: st.DrawFn) -> CollectorRegistry:
    """Return a registry with a few metrics of every kind, labels of any text, and any numbers."""
    registry = CollectorRegistry()
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    for place, name in enumerate(names):
        make = (Counter, Gauge, Histogram, Summary)[place % 4]
        metric = make(f"m{place}_{name}_x", draw(VALUES), ["a", "b"], registry=registry)
        for values in draw(st.lists(st.tuples(VALUES, VALUES), max_size=3, unique=True)):
            child = metric.labels(*values)
            if isinstance(child, Counter):
                child.inc(draw(AMOUNTS))
            elif isinstance(child, Gauge):
                child.set(draw(NUMBERS))
            elif isinstance(child, Histogram | Summary):
                child.observe(draw(AMOUNTS))
    return registry


def expected(families: Iterable[Metric]) -> dict[tuple[tuple[str, str], ...], str]:
    return {
        tuple(
            sorted((key, value) for key, value in {**sample.labels, "__name__": sample.name}.items() if value)
        ): repr(float(sample.value))
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@pytest.mark.parametrize(
    ("generate", "parse"),
    [(generate_latest, parse_text), (generate_open_metrics, parse_open_metrics)],
    ids=["text", "OpenMetrics"],
)
@given(registry=registries())
@settings(deadline=None, max_examples=25)
def test_we_read_what_the_reference_reads(
    generate: Callable[[CollectorRegistry], bytes],
    parse: Callable[[str], Iterable[Metric]],
    registry: CollectorRegistry,
) -> None:
    body = generate(registry)
    reader = Reader({})
    for _ in range(2):
        found = reader.read(body)
        assert found.problems == []
        ours = {
            labels: repr(value)
            for labels, value in found.samples
            if not dict(labels)["__name__"].endswith("_created")
        }
        assert ours == expected(parse(body.decode()))
