"""Laws that hold whatever the samples are."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.metrics.series import SeriesInMemory, labels
from wattos_cli.metricstore.promql.engine import Engine, Result
from wattos_cli.metricstore.series import STALE, Labels

END = 600_000
values = st.one_of(st.integers(-1000, 1000).map(float), st.just(STALE))
times = st.lists(st.integers(0, END), min_size=1, max_size=25, unique=True).map(sorted)


@st.composite
def sources(draw: st.DrawFn) -> SeriesInMemory:
    """Draw a few series with gaps, ends and falls."""
    source = SeriesInMemory()
    for name in draw(st.sets(st.sampled_from(["a", "b", "c"]), min_size=1)):
        moments = draw(times)
        samples = draw(st.lists(values, min_size=len(moments), max_size=len(moments)))
        group = draw(st.sampled_from(["x", "y"]))
        source.add(labels("m_total", job=name, group=group), zip(moments, samples, strict=True))
    return source


def answer(result: Result) -> dict[tuple[Labels, int], float]:
    """Return every sample by its series and time."""
    return {
        (series.labels, time): value
        for series in result.series
        for time, value in zip(series.times_ms, series.values, strict=True)
    }


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("increase(m_total[2m])", "rate(m_total[2m]) * 120"),
        ("sum(m_total)", "sum by () (m_total)"),
        ("sum by (group, job) (m_total)", "sum without () (m_total)"),
        ("avg(m_total)", "sum(m_total) / count(m_total)"),
        ("m_total", "m_total or m_total"),
        ("m_total", "m_total and m_total"),
        ("m_total unless m_total", "m_total > Inf"),
        ("abs(m_total)", "abs(-m_total)"),
        ("m_total", "topk(9, m_total)"),
        ("min(m_total)", "-max(-m_total)"),
        ("max(m_total)", "quantile(1, m_total)"),
        ("stdvar(m_total)", "stddev(m_total) ^ 2"),
        ("m_total < 5 or m_total >= 5", "m_total"),
        ("m_total < bool 5", "1 - (m_total >= bool 5)"),
        ("m_total * 2", "m_total + m_total"),
        ("m_total - 1", "m_total - on() group_left() vector(1)"),
        ("sum_over_time(m_total[90s])", "avg_over_time(m_total[90s]) * count_over_time(m_total[90s])"),
        ("max_over_time(m_total[3m])", "quantile_over_time(1, m_total[3m])"),
        ("last_over_time(m_total[3m])", "m_total and present_over_time(m_total[3m])"),
        ("absent(m_total)", "absent_over_time(m_total[5m])"),
        ("avg_over_time(vector(3)[5m:1m])", "vector(3)"),
        ("label_replace(m_total, 'job', '$1', 'job', '(.*)')", "m_total"),
        ("ceil(m_total / 7)", "-floor(m_total / -7)"),
        ("clamp(m_total, -5, 5)", "clamp_min(clamp_max(m_total, 5), -5)"),
    ],
)
@settings(max_examples=25)
@given(source=sources())
def test_both_sides_are_equal_at_every_step(left, right, source):
    if left.startswith(("last_over_time", "absent(")):
        source = without_ends(source)
    engine = Engine(source)
    one, other = (engine.range(expression, 0, END, 45_000) for expression in (left, right))
    assert answer(one) == pytest.approx(answer(other), nan_ok=True)


def without_ends(source: SeriesInMemory) -> SeriesInMemory:
    """Return the samples of `source` without stale markers, past which a range reaches but an instant not."""
    return SeriesInMemory(
        {
            series.labels: [
                (time, value)
                for time, value in zip(series.times_ms, series.values, strict=True)
                if not math.isnan(value)
            ]
            for series in source.select([], 0, END)
        }
    )


EXPRESSIONS = st.sampled_from(
    [
        "m_total",
        "rate(m_total[2m])",
        "sum by (group) (m_total)",
        "m_total / ignoring(job) group_left sum without (job) (m_total)",
        "max_over_time(rate(m_total[1m])[3m:30s])",
        "topk(1, m_total)",
        "count_values('value', m_total)",
        "absent(m_total)",
        "timestamp(m_total)",
        "histogram_quantile(0.5, m_total)",
        "scalar(m_total)",
    ]
)


@settings(max_examples=60)
@given(source=sources(), expression=EXPRESSIONS, step=st.integers(0, 20))
def test_a_step_of_a_range_query_is_the_instant_query(source, expression, step):
    engine, at = Engine(source), step * 30_000
    whole = answer(engine.range(expression, 0, END, 30_000))
    there = {key: value for key, value in whole.items() if key[1] == at}
    assert there == pytest.approx(answer(engine.instant(expression, at)), nan_ok=True)


@settings(max_examples=40)
@given(source=sources(), back=st.integers(1, 300), at=st.integers(0, 300))
def test_offset_and_at_look_at_the_same_time(source, back, at):
    engine, now = Engine(source), END
    moved = engine.instant(f"m_total offset {back}s @ {at + back}", now)
    there = engine.instant("m_total", at * 1000)
    assert [(one.labels, one.values) for one in moved.series] == [
        (one.labels, one.values) for one in there.series
    ]
