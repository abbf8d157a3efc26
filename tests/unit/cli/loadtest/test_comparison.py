"""Is the comparison honest? Runs of a service whose truth is known, by a clock that is only counted."""

from dataclasses import replace
from typing import Any

import pytest

from loadtests.bench.comparison import names_of, rates
from loadtests.bench.synthetic_runs import Service, result_of, run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.comparison.comparability import reasons_against, require_comparable
from wattos_cli.loadtest.comparison.compared import compare
from wattos_cli.loadtest.result.shape import Comparison, Result

REPETITIONS = 100
STEADY = Service()


def compared(baseline: dict[str, Any], now: dict[str, Any]) -> Comparison:
    return compare(result_of(baseline), result_of(now))


def verdicts(comparison: Comparison) -> dict[str, str]:
    return {row.metric: row.verdict for row in comparison.rows}


@pytest.mark.parametrize(
    ("service", "seconds"),
    [
        pytest.param(STEADY, 60, id="60s-at-100"),
        pytest.param(replace(STEADY, rate=20), 20, id="20s-at-20"),
        pytest.param(replace(STEADY, rate=200, wander=0.05, memory=0.6), 30, id="30s-that-wander"),
    ],
)
def test_equal_runs_raise_at_most_5_per_cent_false_alarms(service: Service, seconds: int) -> None:
    assert rates(names_of(service), seconds, slower=1.0, repetitions=REPETITIONS).regression <= 0.05


@pytest.mark.parametrize(
    ("service", "seconds"),
    [
        pytest.param(STEADY, 60, id="60s-at-100"),
        pytest.param(replace(STEADY, wander=0.03, rate=200), 20, id="20s-at-200"),
    ],
)
def test_a_slow_down_of_10_per_cent_is_caught(service: Service, seconds: int) -> None:
    assert rates(names_of(service), seconds, slower=1.1, repetitions=REPETITIONS).regression >= 0.95


def test_a_run_that_is_too_short_to_tell_says_so() -> None:
    few = replace(STEADY, rate=5)
    told = verdicts(compared(run(few, 15, 1), run(few, 15, 2)))
    assert told["latency p95"] == "unclear"


def test_a_change_that_is_certain_but_small_is_none() -> None:
    calm = replace(STEADY, wander=0.001, spread=0.05)
    comparison = compared(run(calm, 60, 1), run(replace(calm, median_ms=82.0), 60, 2))
    row = comparison.rows[0]
    assert (row.metric, row.verdict, comparison.verdict) == ("latency p50", "no_change", "no_regression")
    assert row.low is not None
    assert row.low > 1
    assert row.ratio == pytest.approx(1.025, abs=0.003)


def test_a_tenth_of_a_millisecond_is_what_clocks_scatter_by() -> None:
    quick = replace(STEADY, median_ms=0.2, wander=0.001, spread=0.05)
    row = compared(run(quick, 60, 1), run(replace(quick, median_ms=0.25), 60, 2)).rows[0]
    assert (row.verdict, row.ratio) == ("no_change", pytest.approx(1.25, rel=0.01))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (replace(STEADY, median_ms=60.0), {"latency p50": "improvement", "latency p95": "improvement"}),
        (replace(STEADY, median_ms=120.0), {"latency p50": "regression", "latency p95": "regression"}),
        (replace(STEADY, errors=0.05), {"errors": "regression"}),
        (replace(STEADY, errors=0.004), {"errors": "no_change"}),
        (replace(STEADY, rate=80.0), {"rps": "regression", "latency p50": "no_change"}),
        (replace(STEADY, rate=120.0), {"rps": "improvement"}),
    ],
    ids=["faster", "slower", "errors", "few-errors", "fewer", "more"],
)
def test_what_a_change_is_called(now: Service, expected: dict[str, str]) -> None:
    comparison = compared(run(replace(STEADY, rate=100), 120, 1), run(now, 120, 2))
    told = verdicts(comparison)
    assert {metric: told[metric] for metric in expected} == expected
    assert comparison.verdict == ("regression" if "regression" in told.values() else "no_regression")


def test_the_same_results_give_the_same_figures() -> None:
    one, two = run(STEADY, 30, 1), run(STEADY, 30, 2)
    assert compared(one, two) == compared(one, two)


def test_a_run_compared_with_itself_has_not_changed() -> None:
    once = run(STEADY, 30, 1)
    rows = compared(once, once).rows
    assert [row.ratio for row in rows] == [1.0, 1.0, None, 1.0]
    assert {row.verdict for row in rows} <= {"no_change", "unclear"}


def test_times_of_streams_are_compared_where_both_have_them() -> None:
    one, two = run(STEADY, 30, 1), run(STEADY, 30, 2)
    for result in (one, two):
        for interval in result["intervals"]:
            interval["requests"]["GET /x"]["ttft"] = interval["requests"]["GET /x"]["latency"]
    one["intervals"][0]["requests"]["GET /x"]["itl"] = one["intervals"][0]["requests"]["GET /x"]["latency"]
    told = verdicts(compared(one, two))
    assert list(told) == ["latency p50", "latency p95", "ttft p50", "ttft p95", "itl", "errors", "rps"]
    assert told["itl"] == "no_sample"


def test_seconds_without_a_success_and_zeros_are_no_obstacle() -> None:
    one, two = run(STEADY, 30, 1), run(STEADY, 30, 2)
    empty = {"count": 0, "total": 0.0, "min": None, "max": 0.0, "buckets": {}}
    zeros = {"count": 9, "total": 0.0, "min": 0.0, "max": 0.0, "buckets": {"-1000000": 9}}
    two["intervals"][3]["requests"]["GET /x"] = {"count": 9, "failures": 9, "latency": empty}
    two["intervals"][4]["requests"]["GET /x"] = {"count": 9, "failures": 0, "latency": zeros}
    assert compared(one, two).rows[0].ratio is not None


def test_the_time_in_which_users_are_started_is_left_out() -> None:
    slow, steady = run(replace(STEADY, median_ms=400.0), 20, 1), run(STEADY, 60, 2)
    for place, interval in enumerate(slow["intervals"]):
        interval["users"] = place
    later = [{**interval, "at_s": interval["at_s"] + 20} for interval in steady["intervals"]]
    both = {**steady, "intervals": [*slow["intervals"], *later]}
    assert compared(steady, both).rows[0].ratio == 1.0
    busy = [{**each, "users": 19 if place == 30 else 20} for place, each in enumerate(both["intervals"][20:])]
    assert compared(steady, {**steady, "intervals": busy}).rows[0].ratio == 1.0
    starting = result_of({**both, "intervals": both["intervals"][:25]})
    assert any("has 5 intervals" in reason for reason in reasons_against(result_of(steady), starting))
    staged = {**both, "load": {**both["load"], "stages": [{"duration_s": 80, "users": 20}]}}
    assert compared(steady, staged).rows[0].ratio != 1.0


def changed(part: str, **values: Any) -> dict[str, Any]:
    result = run(STEADY, 20, 3)
    environment = result["environment"]
    if part == "machine":
        return {**result, "environment": {**environment, "machine": {**environment["machine"], **values}}}
    if part == "environment":
        return {**result, "environment": {**environment, **values}}
    return {**result, **values}


@pytest.mark.parametrize(
    ("now", "says", "lifted"),
    [
        (changed("machine", id="other"), "another machine: 5d41402abc4b2a76 before, other now", True),
        (changed("machine", cpu="Intel"), "another processor", True),
        (changed("machine", cores=4), "another number of cores: 2 before, 4 now", True),
        (
            changed("environment", scenario_hash="x"),
            "the scenario's code, its weights or the model changed",
            False,
        ),
        (changed("", scenario="chat"), "another scenario: mixed before, chat now", False),
        (changed("", engine="fast"), "another engine: locust before, fast now", False),
        (
            changed("", load={"model": "closed", "users": 40}),
            "another load (users): 20 before, 40 now",
            False,
        ),
        (changed("", environment=None), "does not say where it was measured", False),
        (changed("", verdict="invalid", reasons=["saturated"]), "the run is invalid: saturated", False),
        (run(STEADY, 9, 3), "the run has 9 intervals with requests under full load, 10 are needed", False),
    ],
    ids=["machine", "cpu", "cores", "hash", "scenario", "engine", "load", "unknown", "invalid", "short"],
)
def test_what_is_not_comparable(now: dict[str, Any], says: str, lifted: bool) -> None:
    baseline, later = result_of(run(STEADY, 20, 2)), result_of(now)
    with pytest.raises(WattosError) as caught:
        require_comparable(baseline, later)
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "baseline_not_comparable")
    assert says in caught.value.message
    assert ("--allow-other-machine" in caught.value.hint) is lifted
    assert (reasons_against(baseline, later, allow_other_machine=True) == []) is lifted


def test_other_versions_are_what_a_comparison_is_for() -> None:
    newer = changed("environment", versions={"wattos": "0.2.0"})
    assert reasons_against(result_of(run(STEADY, 20, 2)), result_of(newer)) == []


def test_how_long_a_constant_rate_is_held_makes_no_difference() -> None:
    def arriving(shape: str, *seconds: int, start: float = 100.0) -> Result:
        stages = [{"duration_s": float(each), "rate": 100.0} for each in seconds]
        arrivals = {"shape": shape, "start": start, "stages": stages}
        return result_of(changed("", load={"model": "open", "users": 50, "arrivals": arrivals}))

    assert reasons_against(arriving("constant", 20), arriving("constant", 40)) == []
    assert reasons_against(arriving("poisson", 20), arriving("constant", 20)) != []
    assert reasons_against(arriving("ramp", 20, 20), arriving("ramp", 20, 40)) != []
    assert reasons_against(arriving("poisson", 20), arriving("poisson", 40)) == []
    assert reasons_against(arriving("poisson", 20, start=1), arriving("poisson", 40, start=1)) != []


def test_a_run_that_is_too_short_is_to_be_longer_not_its_baseline() -> None:
    with pytest.raises(WattosError) as caught:
        require_comparable(result_of(run(STEADY, 20, 2)), result_of(run(STEADY, 9, 3)))
    assert caught.value.hint.startswith("let the run be longer")
    with pytest.raises(WattosError) as caught:
        require_comparable(result_of(run(STEADY, 9, 2)), result_of(run(STEADY, 20, 3)))
    assert caught.value.hint.startswith("make a baseline")
