"""Does one name that became slower vanish among the others? Runs whose truth is known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from loadtests.bench.comparison import names_of, rates
from loadtests.bench.synthetic_runs import Service, mixed_run, result_of
from wattos_cli.loadtest.comparison import bootstrap
from wattos_cli.loadtest.comparison.compared import compare
from wattos_cli.loadtest.measuring.interval import OTHER_NAMES
from wattos_cli.loadtest.result.shape import Comparison

STEADY = Service()
FIVE = names_of(STEADY, 5)
SLOW = "GET /2"


def compared(baseline: dict[str, Any], now: dict[str, Any]) -> Comparison:
    return compare(result_of(baseline), result_of(now))


def judged(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(row.name for row in comparison.by_name))


def test_equal_runs_of_five_names_raise_at_most_5_per_cent_false_alarms() -> None:
    assert rates(FIVE, 30, slower=1.0, repetitions=100).regression <= 0.05


def test_a_slow_down_of_10_per_cent_of_all_five_names_is_caught() -> None:
    assert rates(FIVE, 60, slower=1.1, repetitions=40).regression >= 0.95


def test_a_slow_down_of_20_per_cent_of_one_name_of_five_is_caught_and_named() -> None:
    assert rates(FIVE, 60, slower=1.2, repetitions=40, one=SLOW).named >= 0.95


def test_a_name_that_became_slower_does_not_vanish_among_the_others() -> None:
    services = {**FIVE, SLOW: replace(STEADY, median_ms=8.0, rate=20)}
    slower = {**services, SLOW: replace(services[SLOW], median_ms=12.0)}
    comparison = compared(mixed_run(services, 60, 1), mixed_run(slower, 60, 2))
    assert {row.verdict for row in comparison.rows}.isdisjoint({"regression"})
    assert comparison.verdict == "regression"
    assert comparison.regressions == [f"latency p50 of {SLOW}", f"latency p95 of {SLOW}"]


def test_each_row_is_the_surer_the_more_names_there_are() -> None:
    alone, two, five = (
        compared(mixed_run(names_of(STEADY, count), 20, 1), mixed_run(names_of(STEADY, count), 20, 2))
        for count in (1, 2, 5)
    )
    assert (alone.by_name, alone.too_few, alone.confidence_by_name) == ([], [], None)
    assert (alone.confidence, two.confidence, five.confidence) == (0.98, 0.985, 0.985)
    assert (two.confidence_by_name, five.confidence_by_name) == (0.995, 0.998)
    assert [(row.name, row.metric) for row in two.by_name] == [
        ("GET /0", "latency p50"), ("GET /0", "latency p95"),
        ("GET /1", "latency p50"), ("GET /1", "latency p95"),
    ]  # fmt: skip


def test_names_of_too_few_requests_are_told() -> None:
    services = {**FIVE, "GET /rare": replace(STEADY, rate=1)}
    comparison = compared(mixed_run(services, 30, 1), mixed_run({**services, "GET /new": STEADY}, 30, 2))
    assert judged(comparison) == sorted(FIVE)
    assert comparison.too_few == ["GET /new", "GET /rare"]


def test_a_name_that_is_asked_for_in_a_few_seconds_only_has_too_few() -> None:
    one, two = mixed_run(FIVE, 30, 1), mixed_run(FIVE, 30, 2)
    for interval in two["intervals"][9:]:
        del interval["requests"][SLOW]
    assert sum(each["requests"].get(SLOW, {"count": 0})["count"] for each in two["intervals"]) > 150
    assert compared(one, two).too_few == [SLOW]


def test_what_is_counted_together_is_another_mixture_in_each_run() -> None:
    services = {**FIVE, OTHER_NAMES: STEADY}
    comparison = compared(mixed_run(services, 20, 1), mixed_run(services, 20, 2))
    assert (judged(comparison), comparison.too_few) == (sorted(FIVE), [])


@pytest.mark.parametrize("likeness", [0.0, 0.5], ids=["unlike", "alike"])
def test_the_surer_the_wider_beyond_what_resamples_show_too(likeness: float) -> None:
    rng = np.random.default_rng(1)
    before, after = (
        bootstrap.Estimate(value, rng.normal(value, 0.1, bootstrap.RESAMPLES), likeness, 60)
        for value in (1.0, 1.2)
    )
    ends = [bootstrap.between(before, after, sure) for sure in (0.9, 0.95, 0.98, 0.995, 0.999, 0.9999)]
    lows, highs = [low for low, _ in ends], [high for _, high in ends]
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs)
    assert len(set(lows)) == len(set(highs)) == len(ends)
