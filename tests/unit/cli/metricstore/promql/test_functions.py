"""Functions, one table each: what they make of samples that can be checked by hand."""

import math

import pytest

from tests.fakes.metrics.series import SeriesInMemory, labels
from wattos_cli.metricstore.promql.engine import Engine
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.values import label
from wattos_cli.metricstore.series import NAME

AT = 60_000
DAY_S = 86_400.0


def source() -> SeriesInMemory:
    """One sample every 10 s, through AT."""
    made = SeriesInMemory()
    rows = {
        labels("reset_total"): [0, 10, 20, 5, 15, 25, 35],
        labels("gauge"): [4, 8, 6, 2, 10, 0, 5],
        labels("line"): [1, 3, 5, 7, 9, 11, 13],
        labels("gap", i="nan"): [1, math.nan, 3, 3, 3, math.nan, 2],
        labels("half"): [-1.5, -0.5, 0.5, 1.5, 2.5, -2.5, 2.5],
        labels("leap"): [951_782_400.0] * 7,
        **{labels("seconds_bucket", le=bound): [count] * 7 for bound, count in BUCKETS},
    }
    for key, values in rows.items():
        made.add(key, [(place * 10_000, float(value)) for place, value in enumerate(values)])
    return made


BUCKETS = (("0.1", 10), ("0.5", 30), ("1", 40), ("+Inf", 50))


def value(expression: str) -> float:
    """Return the value of the only sample, NaN for none."""
    series = Engine(source()).instant(expression, AT).series
    assert len(series) < 2
    return series[0].values[0] if series else math.nan


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # From 10 s through 60 s it falls once: 45 in 50 s, extended to the whole minute.
        ("increase(reset_total[1m])", 45 * 60 / 50),
        ("rate(reset_total[1m])", 45 / 50),
        ("delta(gauge[1m])", -3 * 60 / 50),
        ("irate(reset_total[1m])", 1.0),
        ("idelta(gauge[1m])", 5.0),
        ("irate(reset_total[35s] offset 25s)", 0.5),
        ("deriv(line[1m])", 0.2),
        ("predict_linear(line[1m], 10)", 15.0),
        ("double_exponential_smoothing(line[1m], 0.5, 0.5)", 13.0),
        ("resets(reset_total[1m])", 1.0),
        ("changes(gap[1m])", 3.0),
        ("sum_over_time(gauge[1m])", 31.0),
        ("avg_over_time(gauge[30s])", 5.0),
        ("min_over_time(gap[1m])", 2.0),
        ("max_over_time(gap[1m])", 3.0),
        ("count_over_time(gauge[25s])", 3.0),
        ("stddev_over_time(line[30s])", math.sqrt(8 / 3)),
        ("stdvar_over_time(line[30s])", 8 / 3),
        ("mad_over_time(gauge[50s])", 3.0),
        ("quantile_over_time(0.5, gauge[30s])", 5.0),
        ("last_over_time(gauge[1m])", 5.0),
        ("first_over_time(gauge[1m])", 8.0),
        ("present_over_time(gauge[1m])", 1.0),
        ("absent_over_time(gauge{x='y'}[1m])", 1.0),
        ("ts_of_max_over_time(gauge[1m])", 40.0),
        ("ts_of_min_over_time(gauge[1m])", 50.0),
        ("ts_of_first_over_time(gauge[1m])", 10.0),
        ("ts_of_last_over_time(gauge[1m] offset 5s)", 50.0),
        ("sum_over_time(gauge[30s:10s])", 15.0),
    ],
)
def test_over_windows(expression, expected):
    assert value(expression) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("round(half)", 3.0),
        ("round(half - 5)", -2.0),
        ("round(gauge, 3)", 6.0),
        ("ceil(half)", 3.0),
        ("floor(-half)", -3.0),
        ("sgn(-half)", -1.0),
        ("clamp(gauge, 6, 8)", 6.0),
        ("clamp_min(gauge, NaN)", math.nan),
        ("clamp_max(vector(NaN), -Inf)", -math.inf),
        ("ln(vector(0))", -math.inf),
        ("sqrt(vector(-1))", math.nan),
        ("exp(vector(1000))", math.inf),
        ("sinh(vector(-1000))", -math.inf),
        ("cosh(vector(-1000))", math.inf),
        ("acosh(vector(0))", math.nan),
        ("atanh(vector(1))", math.inf),
        ("deg(vector(pi()))", 180.0),
        ("rad(vector(180))", math.pi),
        ("vector(max_of(2, 3) - min_of(2, 3))", 1.0),
        ("vector(1) / 0", math.inf),
        ("vector(0) / 0", math.nan),
        ("vector(-7) % 4", -3.0),
        ("vector(-8) ^ (1/3)", math.nan),
        ("vector(0) ^ -1", math.inf),
        ("vector(1) atan2 1", math.pi / 4),
        ("time()", 60.0),
        ("timestamp(gauge offset 5s)", 50.0),
        ("timestamp(gauge + 1)", 60.0),
        ("day_of_month(leap)", 29.0),
        ("days_in_month(leap)", 29.0),
        ("day_of_year(leap)", 60.0),
        ("day_of_week(leap)", 2.0),
        ("month(leap)", 2.0),
        ("year(leap)", 2000.0),
        ("hour(vector(-1))", 23.0),
        ("minute()", 1.0),
        ("year(vector(NaN))", math.nan),
        ("year(vector(1e12))", 33658.0),
        ("year(vector(-1e11))", -1199.0),
        ("day_of_week(vector(1e12))", 5.0),
        ("1 / ceil(vector(-0.5))", -math.inf),
        ("round(vector(Inf), 2)", math.inf),
        ("round(vector(1), 0)", math.nan),
        ("round(vector(7), -2)", 6.0),
        ("scalar(gauge)", 5.0),
        ("scalar({__name__=~'gauge|line'})", math.nan),
        ("absent(gauge)", math.nan),
        ("end() - start() + range() + step()", 0.0),
    ],
)
def test_of_numbers_and_times(expression, expected):
    assert value(expression) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("histogram_quantile(0.5, seconds_bucket)", 0.1 + 0.4 * 15 / 20),
        ("histogram_quantile(0.1, seconds_bucket)", 0.05),
        ("histogram_quantile(0.99, seconds_bucket)", 1.0),
        ("histogram_quantile(0.5, seconds_bucket{le!='+Inf'})", math.nan),
        ("histogram_quantile(2, seconds_bucket)", math.inf),
        ("histogram_quantile(-1, seconds_bucket)", -math.inf),
        ("histogram_fraction(0.1, 0.5, seconds_bucket)", 0.4),
        ("histogram_fraction(0, 0.75, seconds_bucket)", 0.7),
        ("histogram_fraction(1, 0, seconds_bucket)", 0.0),
        ("histogram_count(seconds_bucket)", math.nan),
    ],
)
def test_of_buckets(expression, expected):
    assert value(expression) == pytest.approx(expected, nan_ok=True)


def test_several_quantiles_are_series_of_their_own():
    result = Engine(source()).instant("histogram_quantiles(seconds_bucket, 'q', 0.5, 1)", AT)
    assert {series.labels: series.values[0] for series in result.series} == {
        (("q", "0.5"),): pytest.approx(0.4),
        (("q", "1.0"),): 1.0,
    }


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("label_replace(gap, 'j', '$1-x', 'i', '(n)an')", labels("gap", i="nan", j="n-x")),
        ("label_replace(gap, 'j', '${end}$$', 'i', 'na(?P<end>n)')", labels("gap", i="nan", j="n$")),
        ("label_replace(gap, 'i', '', 'i', '.*')", labels("gap")),
        ("label_replace(gap, 'j', 'x', 'i', 'na')", labels("gap", i="nan")),
        ("label_replace(rate(gap[1m]), '__name__', 'new', '', '')", labels("new", i="nan")),
        ("label_join(gap, 'j', '-', '__name__', 'i', 'none')", labels("gap", i="nan", j="gap-nan-")),
        ("abs(gap)", (("i", "nan"),)),
        ("gap > -1 or gap", labels("gap", i="nan")),
        ("sum by (__name__) (gap)", labels("gap")),
    ],
)
def test_the_labels_of_the_answer(expression, expected):
    assert [series.labels for series in Engine(source()).instant(expression, AT).series] == [expected]


SMOOTHING = "invalid smoothing factor. Expected: 0 < sf < 1, got: 2.000000"
TREND = "invalid trend factor. Expected: 0 < tf < 1, got: 0.000000"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("label_replace(gap, 'j', 'x', 'i', '(')", "invalid regular expression in label_replace(): ("),
        ("label_replace(gap, '', 'x', 'i', '.*')", "invalid destination label name in label_replace(): "),
        ("label_join(gap, 'j', '-', '')", "invalid source label name in label_join(): "),
        (
            "double_exponential_smoothing(line[1m], 2, 0.5)",
            SMOOTHING,
        ),
        (
            "double_exponential_smoothing(line[1m], 0.5, 0)",
            TREND,
        ),
        ("-{__name__=~'gauge|line'}", "vector cannot contain metrics with the same labelset"),
        ("count_values('\\xff', gauge)", 'invalid label name "\\xff"'),
    ],
)
def test_what_has_no_answer_says_why(expression, reason):
    with pytest.raises(PromqlError) as refused:
        value(expression)
    assert refused.value.message == reason


NO_COUNTER = """
metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "gauge" (1:10)
""".strip()
NO_BOUND = 'bucket label "le" is missing or has a malformed value of "" for metric name "gap" (1:25)'


@pytest.mark.parametrize(
    ("expression", "warnings", "infos"),
    [
        ("rate(reset_total[1m])", [], []),
        ("1 + rate(gauge[1m])", [], [NO_COUNTER]),
        ("quantile(\n 2, gauge)", ["quantile value should be between 0 and 1, got 2 (2:2)"], []),
        ("histogram_quantile(0.5, gap)", [NO_BOUND], []),
        (
            "limit_ratio(-3, gauge)",
            ["ratio value should be between -1 and 1, got -3, capping to -1 (1:13)"],
            [],
        ),
    ],
)
def test_warnings_and_infos_have_a_place(expression, warnings, infos):
    result = Engine(source()).instant(expression, AT)
    assert list(result.warnings) == [f"PromQL warning: {text}" for text in warnings]
    assert list(result.infos) == [f"PromQL info: {text}" for text in infos]


def test_buckets_whose_counts_fall_are_mended_and_told():
    broken = source()
    broken.add(labels("seconds_bucket", le="1"), [(AT, 20.0)])
    result = Engine(broken).instant("histogram_quantile(0.5, seconds_bucket)", AT)
    assert result.series[0].values[0] == pytest.approx(0.4)
    (info,) = result.infos
    assert info.startswith(
        "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
    )
    assert info.endswith(
        ') for metric name "seconds_bucket", from buckets 1 to 1, with a max diff of 10, over 1 samples '
        "from 1970-01-01T00:01:00Z to 1970-01-01T00:01:00Z (1:25)"
    )


def test_sorting_has_an_effect_on_instant_queries_only():
    engine = Engine(source())
    expression = "sort_desc({__name__=~'g.*|line'})"
    sorted_at_once = engine.instant(expression, AT)
    assert [label(series.labels, NAME) for series in sorted_at_once.series] == ["line", "gauge", "gap"]
    whole = engine.range(expression, 0, AT, AT)
    assert [label(series.labels, NAME) for series in whole.series] == ["gap", "gauge", "line"]
    assert whole.warnings[0].startswith("PromQL warning: sort is ineffective for range queries")
