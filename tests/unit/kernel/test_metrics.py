"""The metric registry: exposition, bounded label sets, names."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from wattos_platform.contracts.metrics import FAMILIES
from wattos_platform.kernel.metrics import MAX_CHILDREN, OVERFLOW, Metrics


async def test_exposition_parses_with_type_help_and_buckets() -> None:  # defect-25 defect-27
    metrics = Metrics("gateway")
    metrics.counter("http_requests_total", method="GET", route="/a", status="200", error_type="").inc()
    metrics.histogram("http_request_duration_seconds", method="GET", route="/a").observe(0.03)
    families = {
        family.name: family
        for family in text_string_to_metric_families((await metrics.exposition()).decode())
    }
    duration = families["http_request_duration_seconds"]
    assert (duration.type, duration.documentation) == ("histogram", "Time from request to the last byte.")
    buckets = {s.labels["le"]: s.value for s in duration.samples if s.name.endswith("_bucket")}
    assert (buckets["0.025"], buckets["0.05"], buckets["+Inf"]) == (0.0, 1.0, 1.0)
    assert families["http_requests"].samples[0].value == 1.0


async def test_sums_only_grow() -> None:  # defect-27
    metrics = Metrics("gateway")
    child = metrics.histogram("http_request_duration_seconds", method="GET", route="/a")
    for _ in range(3000):
        child.observe(0.001)
    text = (await metrics.exposition()).decode()
    assert 'http_request_duration_seconds_count{method="GET",route="/a"} 3000.0' in text


def test_a_family_keeps_a_bounded_number_of_label_sets() -> None:
    metrics = Metrics("gateway")
    for number in range(MAX_CHILDREN + 50):
        metrics.counter("degraded_total", dependency=f"d{number}").inc()
    samples = {
        s.labels["dependency"]: s.value
        for f in metrics.registry.collect()
        for s in f.samples
        if s.name == "degraded_total"
    }
    assert len(samples) == MAX_CHILDREN + 1
    assert samples[OVERFLOW] == 50.0


def test_a_service_has_only_its_own_families() -> None:
    with pytest.raises(KeyError):
        Metrics("chat").counter("llm_tokens_total", provider="p", model="m", kind="input")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_follow_the_conventions(family) -> None:
    assert family.help.endswith(".")
    assert (family.kind == "counter") == family.name.endswith("_total")
    assert "service" not in family.labels
    assert not family.name.endswith(("_ms", "_milliseconds"))


def test_a_tally_is_added_up_whenever_somebody_reads() -> None:
    metrics = Metrics("gateway")
    name, labels = "rate_limit_decisions_total", {"limit": "user", "decision": "allowed"}
    first, second = metrics.tally(name, **labels), metrics.tally(name, **labels)
    first.count += 3
    second.count += 4
    assert metrics.registry.get_sample_value(name, labels) == 7
    first.count += 1
    assert metrics.registry.get_sample_value(name, labels) == 8
    metrics.counter(name, **labels).inc(2)
    assert metrics.registry.get_sample_value(name, labels) == 10


def test_a_bucket_holds_its_own_bound_and_the_last_holds_all() -> None:
    metrics = Metrics("gateway")
    labels = {"method": "GET", "route": "/a"}
    child = metrics.histogram("http_request_duration_seconds", **labels)
    for seconds in (0.05, 0.050001, 10_000.0):
        child.observe(seconds)
    read = metrics.registry.get_sample_value
    name = "http_request_duration_seconds"
    assert read(f"{name}_bucket", {**labels, "le": "0.05"}) == 1
    assert read(f"{name}_bucket", {**labels, "le": "0.1"}) == 2
    assert read(f"{name}_bucket", {**labels, "le": "+Inf"}) == read(f"{name}_count", labels) == 3
    assert read(f"{name}_sum", labels) == pytest.approx(10_000.100001)


def test_a_counter_only_grows() -> None:
    metrics = Metrics("gateway")
    counter = metrics.counter("degraded_total", dependency="rag")
    counter.inc(2)
    with pytest.raises(ValueError, match="degraded"):
        counter.inc(-1)
    assert metrics.registry.get_sample_value("degraded_total", {"dependency": "rag"}) == 2
