"""The pure parts of the benchmarks: percentiles, slopes, ladders, bars and what is made of them."""

from math import isnan, nan

import pytest

from loadtests.bench.figures import Bar, Verdict, highest_kept, percentile, slope
from loadtests.bench.llm_gateway.contenders import NGINX, OURS
from loadtests.bench.llm_gateway.report import LARGE, P50, RATE, SMALL, Sheet, verdicts
from loadtests.bench.soak import Samples


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        pytest.param([1.0], 0.99, 1.0, id="one value is every percentile"),
        pytest.param([1.0, 2.0, 3.0, 4.0], 0.5, 3.0, id="median"),
        pytest.param([float(number) for number in range(100)], 0.99, 99.0, id="the last hundredth"),
        pytest.param([1.0, 2.0], 1.0, 2.0, id="the whole"),
    ],
)
def test_a_percentile_is_a_value_that_was_seen(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_nothing_has_no_percentile() -> None:
    assert isnan(percentile([], 0.5))


@pytest.mark.parametrize(
    ("times", "values", "expected"),
    [
        pytest.param([0.0, 1.0, 2.0], [5.0, 7.0, 9.0], 2.0, id="a line"),
        pytest.param([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 1.0, 0.0], -0.2, id="noise"),
        pytest.param([4.0], [9.0], 0.0, id="one point has no slope"),
    ],
)
def test_slope_by_least_squares(times: list[float], values: list[float], expected: float) -> None:
    assert slope(times, values) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rungs", "expected"),
    [
        pytest.param([(50, True), (200, True), (400, False)], 200, id="until it breaks"),
        pytest.param([(50, False), (200, True)], 0, id="what comes after a miss is luck"),
        pytest.param([], 0, id="no rung"),
    ],
)
def test_a_ladder_ends_at_the_first_miss(rungs: list[tuple[int, bool]], expected: int) -> None:
    assert highest_kept(rungs) == expected


@pytest.mark.parametrize(
    ("bar", "value", "holds"),
    [
        (Bar(least=400), 400, True),
        (Bar(least=400), 399.9, False),
        (Bar(most=0.7), 0.7, True),
        (Bar(most=0.7), 0.71, False),
        (Bar(most=1), nan, False),
    ],
)
def test_bars(bar: Bar, value: float, holds: bool) -> None:
    assert Verdict("figure", value, bar).holds is holds


def test_a_verdict_is_told_in_one_line() -> None:
    words = str(Verdict("ready", 0.9, Bar(most=0.7), "s")).split()
    assert words == ["ready", "0.90", "s", "<=", "0.7", "MISSED"]


def test_ratios_are_those_of_the_same_round() -> None:
    sheet = Sheet()
    for ours, yardstick in ((100, 1000), (300, 2000), (200, 1000)):
        sheet.add(RATE, OURS, ours)
        sheet.add(RATE, NGINX, yardstick)
    assert sheet.ratio(RATE, OURS, NGINX) == pytest.approx(0.15)
    assert sheet.median(RATE, OURS) / sheet.median(RATE, NGINX) == pytest.approx(0.2)


def test_what_was_not_measured_misses_its_bar() -> None:
    sheet = Sheet()
    sheet.add(SMALL, OURS, 1000)
    sheet.add(LARGE, OURS, 500)
    held = {verdict.name: verdict.holds for verdict in verdicts(sheet, [OURS])}
    assert [name for name, holds in held.items() if holds] == [
        "32 KB prompt, share of the small prompt's rate"
    ]
    assert not any("nginx" in name or "litellm" in name for name in held)


def test_the_table_shows_what_somebody_measured() -> None:
    sheet = Sheet()
    sheet.add(P50, OURS, 1.5)
    head, row = sheet.table([NGINX, OURS])
    assert (head.split(), row.split()[-2:]) == ([NGINX, OURS], ["-", "1.50"])


def test_growth_is_along_the_line_and_after_the_warm_up() -> None:
    samples = Samples(warm_up_s=60)
    for at_s, size in ((0, 10.0), (30, 50.0), (60, 99.0), (90, 100.0), (120, 101.0)):
        samples.add(at_s, size)
    assert samples.mb_per_hour == pytest.approx(120)
    assert samples.growth == pytest.approx(0.02)
