"""The entry of the PromQL engine: instants, ranges, and what it refuses."""

import inspect
import sys

import pytest

from tests.fakes.metrics.series import SeriesInMemory, labels
from wattos_cli.metricstore.promql.engine import Engine, Limits
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.series import STALE, Labels

AT = 600_000
A = (("instance", "a"),)
B = (("instance", "b"),)


def _of(instance: Labels) -> Labels:
    return labels("requests_total", **dict(instance))


def requests() -> SeriesInMemory:
    source = SeriesInMemory()
    for instance, per_s in (("a", 1.0), ("b", 3.0)):
        samples = [(time, per_s * time / 1000) for time in range(0, AT + 1, 5000)]
        source.add(labels("requests_total", instance=instance), samples)
        for bound, share in (("0.1", 0.5), ("1", 0.9), ("+Inf", 1.0)):
            buckets = [(time, share * value) for time, value in samples]
            source.add(labels("seconds_bucket", instance=instance, le=bound), buckets)
    source.add(labels("gone", instance="a"), [(AT - 60_000, 1.0), (AT - 30_000, STALE)])
    return source


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3 ^ 2", {(): 19.0}),
        ("requests_total", {_of(A): 600.0, _of(B): 1800.0}),
        ("sum(rate(requests_total[5m]))", {(): 4.0}),
        ("sum by (instance) (increase(requests_total[1m]))", {A: 60.0, B: 180.0}),
        ("requests_total / on(instance) requests_total", {A: 1.0, B: 1.0}),
        ("topk(1, requests_total) > 3", {labels("requests_total", instance="b"): 1800.0}),
        ("histogram_quantile(0.5, sum by (le) (rate(seconds_bucket[5m])))", {(): 0.1}),
        ("gone", {}),
        ("gone offset 1m", {labels("gone", instance="a"): 1.0}),
        ("max_over_time(requests_total{instance='a'}[1m:10s])", {A: 600.0}),
        ("requests_total + on(instance) fill_right(1) requests_total{instance='a'}", {A: 1200.0, B: 1801.0}),
        ("absent(nothing{job='x'})", {(("job", "x"),): 1.0}),
        ("count(requests_total @ 0)", {(): 2.0}),
    ],
)  # fmt: skip
def test_an_instant_query(expression, expected):
    result = Engine(requests()).instant(expression, AT)
    assert {series.labels: pytest.approx(series.values[0]) for series in result.series} == expected


def test_a_range_query_has_the_values_of_its_steps():
    result = Engine(requests()).range("sum(requests_total)", 0, 20_000, 10_000)
    assert [(series.labels, series.times_ms, series.values) for series in result.series] == [
        ((), [0, 10_000, 20_000], [0.0, 40.0, 80.0])
    ]


def test_what_is_not_supported_is_refused_by_name():
    with pytest.raises(PromqlError, match="the function start_timestamp is not supported"):
        Engine(requests()).instant("start_timestamp(requests_total)", AT)


def test_a_range_vector_of_rates_has_no_names():
    result = Engine(requests()).instant("rate(requests_total{instance='a'}[1m])[1m:30s]", AT)
    assert [(series.labels, series.times_ms) for series in result.series] == [(A, [570_000, 600_000])]


def test_an_expression_of_the_allowed_depth_is_answered():
    deep = "abs(-requests_total + " * 99 + "1" + ")" * 99
    assert len(Engine(requests()).instant(deep, AT).series) == 2


def test_an_expression_that_is_too_deep_for_the_interpreter_is_refused(request):
    limit = sys.getrecursionlimit()
    request.addfinalizer(lambda: sys.setrecursionlimit(limit))
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    with pytest.raises(PromqlError, match="nested too deep"):
        Engine(requests()).instant("1 + " * 299 + "1", AT)


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ((0, 11_000_000, 1000), "maximum resolution of 11,000 points"),
        ((0, 2**64, 1), "maximum resolution of 11,000 points"),
        ((0, 1000, 0), "step must be longer"),
        ((1000, 0, 1000), "before its start"),
    ],
)
def test_a_range_that_is_too_long_or_none_is_refused(times, reason):
    with pytest.raises(PromqlError, match=reason):
        Engine(requests()).range("1", *times)


def test_a_query_that_needs_too_many_samples_is_refused():
    with pytest.raises(PromqlError, match="more than 100 samples"):
        Engine(requests(), limits=Limits(max_samples=100)).instant("rate(requests_total[10m])", AT)
