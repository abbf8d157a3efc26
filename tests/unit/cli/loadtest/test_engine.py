"""Histograms, thresholds, verdicts and scenarios: what is asked for, and what is judged."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.loadtest.measured_runs import measured_run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.judging.judgement import judge, objectives_ms, value_of
from wattos_cli.loadtest.judging.thresholds import METRICS, parse
from wattos_cli.loadtest.judging.verdict import reasons, verdict
from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.measuring.requests import Requests

values = st.lists(st.floats(0, 1e7, allow_nan=False, allow_subnormal=False), min_size=1, max_size=200)


def filled(numbers: list[float]) -> Histogram:
    histogram = Histogram()
    for number in numbers:
        histogram.add(number)
    return histogram


@given(values, st.floats(0, 1))
def test_a_quantile_is_the_nearest_rank_within_a_quarter_of_a_per_cent(
    numbers: list[float], share: float
) -> None:
    exact = sorted(numbers)[max(1, math.ceil(share * len(numbers))) - 1]
    assert filled(numbers).quantile(share) == pytest.approx(exact, rel=0.00251, abs=1e-300)


@given(values, values)
def test_merging_and_writing_lose_nothing(one: list[float], two: list[float]) -> None:
    merged = filled(one)
    merged.merge(filled(two))
    again = Histogram.load(json.loads(json.dumps(merged.dump())))
    assert again == merged
    assert (again.count, again.least, again.most) == (len(one + two), min(one + two), max(one + two))


def test_an_empty_histogram_has_no_quantile() -> None:
    assert (Histogram().quantile(0.5), Histogram().mean()) == (None, None)
    assert Histogram.load(Histogram().dump()) == Histogram()


@pytest.mark.parametrize(
    ("text", "metric", "name", "aggregate", "op", "limit"),
    [
        ("p95<500ms", "latency", None, "p95", "<", 500),
        ("p95<500", "latency", None, "p95", "<", 500),
        ("p(99.9) <= 1.5s", "latency", None, "p(99.9)", "<=", 1500),
        ("avg < 20ms", "latency", None, "avg", "<", 20),
        ("latency:max<2m", "latency", None, "max", "<", 120_000),
        ("errors:rate<1%", "errors", None, "rate", "<", 0.01),
        ("errors:rate < 0.01", "errors", None, "rate", "<", 0.01),
        ("errors:count==0", "errors", None, "count", "==", 0),
        ("ttft:p(99)<800ms", "ttft", None, "p(99)", "<", 800),
        ("itl:p50<200us", "itl", None, "p50", "<", 0.2),
        ("goodput:rate>=0.95", "goodput", None, "rate", ">=", 0.95),
        ("rps:rate>10", "rps", None, "rate", ">", 10),
        ("usd:sum<0.5", "usd", None, "sum", "<", 0.5),
        ("latency{name=GET /v1/models}:p95<1s", "latency", "GET /v1/models", "p95", "<", 1000),
        ("errors{name=a:b (stream)}:rate<1%", "errors", "a:b (stream)", "rate", "<", 0.01),
    ],
)
def test_what_a_threshold_means(  # noqa: PLR0917 - a table
    text: str, metric: str, name: str | None, aggregate: str, op: str, limit: float
) -> None:
    found = parse(text)
    assert (found.metric, found.name, found.aggregate, found.op) == (metric, name, aggregate, op)
    assert found.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "expected an aggregate of latency"),
        ("latencies:p95<1", 1, "unknown metric 'latencies'"),
        ("p101<1", 1, "expected an aggregate of latency"),
        ("errors:p95<1", 8, "expected an aggregate of errors (rate, count)"),
        ("p95", 4, "expected one of <= >= == != < >"),
        ("p95=500", 4, "expected one of"),
        ("p95<", 5, "expected a number"),
        ("p95<fast", 5, "expected a number"),
        ("p95<500kg", 8, "unknown unit 'kg' (known here: us, ms, s, m)"),
        ("errors:rate<5ms", 14, "unknown unit 'ms' (known here: %)"),
        ("errors:count<5%", 15, "unknown unit '%' (known here: none)"),
        ("p95<500ms or so", 11, "expected the end"),
        ("latency{path=x}:p95<1", 8, "expected {name=REQUEST}"),
        ("latency{name=}:p95<1", 8, "expected {name=REQUEST}"),
        ("latency{name=x:p95<1", 8, "expected"),
        ("{name=x}:p95<1", 1, "expected METRIC{name=REQUEST}:"),
    ],
)
def test_what_is_wrong_with_a_threshold_is_marked(text: str, column: int, problem: str) -> None:
    with pytest.raises(WattosError) as caught:
        parse(text)
    assert problem in caught.value.message
    assert caught.value.message.splitlines()[-1] == "  " + " " * (column - 1) + "^"
    assert caught.value.exit_code == ExitCode.USAGE


@given(st.text(alphabet="p95<>=! ms%:{}name()errorsttft.0", max_size=30))
def test_any_text_is_a_threshold_or_a_usage_error(text: str) -> None:
    try:
        found = parse(text)
    except WattosError as error:
        code = error.exit_code
    else:
        assert found.metric in METRICS
        return
    assert code == ExitCode.USAGE


def measured(saturated: tuple[str, ...] = ()) -> Measured:
    """Return ten requests, two of them failed, with latencies of 10 to 80 ms."""
    requests = Requests("GET /x", count=10, failures=2, good=6, statuses={"200": 8, "429": 2})
    for number in range(1, 9):
        requests.time("latency").add(number * 10.0)
    return measured_run(requests, saturated=saturated)


@pytest.mark.parametrize(
    ("text", "value", "ok"),
    [
        ("p50<=41", 40, True),
        ("max<80", 80, False),
        ("min>=10", 10, True),
        ("avg<46", 45, True),
        ("med<41", 40, True),
        ("latency:count==8", 8, True),
        ("errors:rate<1%", 0.2, False),
        ("errors:count<3", 2, True),
        ("goodput:rate>=0.6", 0.6, True),
        ("rps:rate>=2", 2, True),
        ("ttft:p95<1s", None, False),
        ("usd:sum<1", None, False),
        ("latency{name=GET /x}:max<=80", 80, True),
        ("errors{name=GET /nothing}:rate<1%", None, False),
    ],
)
def test_judgement(text: str, value: float | None, ok: bool) -> None:
    (judged,) = judge([parse(text)], measured())
    assert judged.value == (None if value is None else pytest.approx(value, rel=0.003))
    assert judged.ok is ok


@pytest.mark.parametrize(
    "text", ["p95<1s", "errors:rate<1%", "errors:count<1", "goodput:rate>=0", "rps:rate>=0"]
)
def test_no_sample_never_passes(text: str) -> None:  # defect-77
    (judged,) = judge([parse(text)], measured_run(duration_s=10))
    assert (judged.value, judged.ok) == (None, False)
    assert verdict(measured_run(duration_s=10), []) == "fail"


def test_usd_is_what_is_known() -> None:
    priced = measured()
    priced.total.requests["GET /x"].usd, priced.total.requests["GET /x"].usd_known = 0.5, 2
    assert value_of(parse("usd:sum<1"), priced) == 0.5
    assert value_of(parse("usd:avg<1"), priced) == 0.25


@pytest.mark.parametrize(
    ("text", "value", "told"),
    [
        ("p95<1s", 310.54, "310.5 ms"),
        ("errors:rate<1%", 2 / 94, "2.13 %"),
        ("errors:count<1", 3.0, "3"),
        ("goodput:rate>99%", 1.0, "100 %"),
        ("rps:rate>5", 4.25, "4.25/s"),
        ("usd:sum<1", 0.5, "0.5 USD"),
    ],
)
def test_values_are_told_with_their_unit(text: str, value: float, told: str) -> None:
    assert parse(text).told(value) == told


def test_a_good_request_keeps_the_strictest_limit_of_each_time() -> None:
    texts = ["p95<500ms", "p99<1s", "ttft:p95<=200ms", "errors:rate<1%", "min>5", "latency:count<9"]
    assert objectives_ms([parse(text) for text in texts]) == {"latency": 500.0, "ttft": 200.0}


@pytest.mark.parametrize(
    ("run", "expected", "said", "reason"),
    [
        (measured(), "p95<1s", "pass", "2 requests were refused by rate limits (429)"),
        (measured(), "p95<1ms", "fail", "429"),
        (measured(saturated=("no processor",)), "p95<1s", "invalid", "its own slowness: no processor"),
        (measured_run(Requests("a", 1), ended=False), "errors:count<1", "invalid", "broke off"),
        (
            measured_run(Requests("a", count=3, failures=3, unanswered=3)),
            "errors:rate<=100%",
            "invalid",
            "http://x did not answer",
        ),
        (
            measured_run(Requests("TASK Visitor", count=3, failures=3, unanswered=3)),
            "errors:rate<=100%",
            "invalid",
            "no request got an HTTP answer: the users' own code raised",
        ),
        (measured_run(), "p95<1s", "fail", "no request was sent"),
    ],
)
def test_verdict_and_reasons(run: Measured, expected: str, said: str, reason: str) -> None:
    assert verdict(run, judge([parse(expected)], run)) == said
    assert any(reason in told for told in reasons(run, "http://x"))
