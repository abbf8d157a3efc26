"""The text format: what Prometheus reads is what was counted, whole, and only once for all who ask."""

import asyncio
import gzip
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from wattos_platform.contracts.metrics import FAMILIES, OTEL_GENAI, families_of
from wattos_platform.contracts.metrics.family import Label, counter, gauge, histogram
from wattos_platform.kernel.exposition import Reading, accepts_gzip, label_text, render
from wattos_platform.kernel.metrics import MAX_CHILDREN, OVERFLOW, Metrics

ANY = Label("name", "the test")
REFUSED = "metric_label_sets_refused_total"
OWN_FAMILIES = (
    counter("things_total", "Things.", ANY, Label("outcome", values=("success", "failure"))),
    gauge("stock", "Things now.", ANY),
    histogram("thing_seconds", "Time of a thing.", ANY, buckets=(0.1, 1.0)),
    counter(REFUSED, "Refused.", Label("family", "the test")),
)


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


@given(value=st.text(), number=st.floats(allow_nan=False))
def test_any_text_and_any_number_come_back(value, number) -> None:
    text = label_text(("name",), (value.encode("utf-8", "replace").decode(),))
    read = samples(
        render([Reading(gauge("things", 'What "it" \\ is.', ANY), [(text, number)])], lambda _s: None)
    )
    # The reader of prometheus_client splits lines where Prometheus does not.
    if not set(value) & {"\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"}:
        assert read == {("things", frozenset({("name", value.encode("utf-8", "replace").decode())})): number}


@pytest.mark.parametrize(
    ("number", "text"),
    [(math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (3, "3.0"), (1e21, "1e+21")],
)
def test_numbers_are_written_as_prometheus_reads_them(number, text) -> None:
    assert render([Reading(gauge("things", "Things."), [("", number)])]).endswith(f"things {text}\n".encode())


def test_buckets_are_summed_up_to_the_count() -> None:
    family = histogram("thing_seconds", "Time of a thing.", ANY, buckets=(0.1, 1.0))
    lines = render([Reading(family, distributions=[('name="a"', [2, 0, 1], 5.25)])]).decode().splitlines()
    assert lines == [
        "# HELP thing_seconds Time of a thing.",
        "# TYPE thing_seconds histogram",
        'thing_seconds_bucket{name="a",le="0.1"} 2.0',
        'thing_seconds_bucket{name="a",le="1.0"} 2.0',
        'thing_seconds_bucket{name="a",le="+Inf"} 3.0',
        'thing_seconds_count{name="a"} 3.0',
        'thing_seconds_sum{name="a"} 5.25',
    ]


def test_a_long_rendering_lets_others_have_the_interpreter() -> None:
    slept: list[float] = []
    numbers = [(f'name="{number}"', 1.0) for number in range(1000)]
    render([Reading(gauge("things", "Things.", ANY), numbers)], slept.append)
    assert len(slept) == 7
    assert max(slept) <= 0.001


async def test_it_says_what_the_reference_library_says() -> None:
    metrics = Metrics("llm-gateway", families_of("llm-gateway", {OTEL_GENAI}))
    for family in families_of("llm-gateway", {OTEL_GENAI}):
        labels = {label.name: label.values[-1] if label.values else "some" for label in family.label_set}
        if family.kind == "histogram":
            metrics.histogram(family.name, **labels).observe(0.2)
        elif family.kind == "gauge":
            metrics.gauge(family.name, **labels).set(3)
        else:
            metrics.counter(family.name, **labels).inc(2)
    theirs = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    assert samples(await metrics.exposition()) == theirs


@given(
    names=st.lists(st.integers(0, MAX_CHILDREN * 2), max_size=200), before=st.integers(0, MAX_CHILDREN + 5)
)
def test_nothing_counted_is_lost_and_no_family_outgrows_its_cap(names, before) -> None:
    metrics = Metrics("any", OWN_FAMILIES)
    for number in [*range(before), *names]:
        metrics.counter("things_total", name=str(number), outcome="success").inc()
    read = samples(render([metrics.reading("things_total")], lambda _s: None))
    distinct = len({*range(before), *names})
    assert sum(read.values()) == before + len(names)
    assert len(read) == min(distinct, MAX_CHILDREN + 1)
    refused = metrics.registry.get_sample_value(REFUSED, {"family": "things_total"}) or 0.0
    everyones = frozenset({("name", OVERFLOW), ("outcome", OVERFLOW)})
    assert refused == read.get(("things_total", everyones), 0.0)


def test_a_value_that_is_none_of_its_labels_is_counted_as_other_and_told() -> None:
    metrics = Metrics("any", OWN_FAMILIES)
    for _ in range(3):
        metrics.counter("things_total", name="a", outcome="exploded").inc()
    read = metrics.registry.get_sample_value
    assert read("things_total", {"name": "a", "outcome": OVERFLOW}) == 3
    assert read(REFUSED, {"family": "things_total"}) == 3


def test_the_order_of_labels_does_not_matter() -> None:
    metrics = Metrics("any", OWN_FAMILIES)
    assert metrics.counter("things_total", name="success", outcome="failure") is metrics.counter(
        "things_total", outcome="failure", name="success"
    )


async def test_what_is_forgotten_is_gone_and_may_come_back() -> None:
    metrics = Metrics("any", OWN_FAMILIES)
    metrics.gauge("stock", name="a").set(3)
    metrics.forget("stock", name="a")
    metrics.forget("stock", name="never was")
    assert b"stock{" not in await metrics.exposition()
    metrics.gauge("stock", name="a").set(4)
    assert b'stock{name="a"} 4.0' in await metrics.exposition()


@pytest.mark.parametrize("labels", [{}, {"name": "a"}, {"name": "a", "result": "b"}])
def test_labels_that_are_not_the_familys_are_a_bug(labels) -> None:
    with pytest.raises(ValueError, match="things_total has the labels"):
        Metrics("any", OWN_FAMILIES).counter("things_total", **labels)


async def test_who_asks_at_the_same_time_shares_one_rendering_and_gets_what_was_counted() -> None:
    metrics = Metrics("any", OWN_FAMILIES)
    metrics.histogram("thing_seconds", name="a").observe(0.5)
    plain, compressed, again = await asyncio.gather(
        metrics.exposition(), metrics.exposition(compressed=True), metrics.exposition()
    )
    assert plain is again
    assert gzip.decompress(compressed) == plain
    metrics.histogram("thing_seconds", name="a").observe(0.5)
    assert b'thing_seconds_count{name="a"} 2.0' in await metrics.exposition()


async def test_a_scrape_shows_one_instant() -> None:
    metrics = Metrics("any", OWN_FAMILIES)
    pairs = [metrics.counter("things_total", name=str(number), outcome="success") for number in range(500)]
    times = metrics.histogram("thing_seconds", name="a")

    async def count() -> None:
        while True:
            for each in pairs:
                each.inc()
            times.observe(0.5)
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    try:
        for _ in range(5):
            read = samples(await metrics.exposition())
            assert len({value for (name, _), value in read.items() if name == "things_total"}) == 1
            of_times = {name.removeprefix("thing_seconds_"): value for (name, _), value in read.items()}
            assert of_times["sum"] == of_times["count"] * 0.5
    finally:
        counting.cancel()


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, deflate", False),
        ("identity", False),
        ("zstd,br", False),
    ],
)
def test_gzip_only_for_who_takes_it(header, accepted) -> None:
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_label_bears_the_name_of_a_bucket_or_a_target(family) -> None:
    assert not {"le", "quantile", "job", "instance"} & set(family.labels)
