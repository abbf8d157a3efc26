"""Axes, ticks and points of the charts in the report of a load test."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.result.bins import bins
from wattos_cli.render.loadtest.charts import scale
from wattos_cli.render.loadtest.charts.scale import Scale
from wattos_cli.render.loadtest.figures import change, digits, figure, points, share, tick, time
from wattos_cli.render.markup import Html, element, together

amounts = st.floats(0, 1e15, allow_nan=False)
sizes = st.floats(1e-6, 1e15, allow_nan=False)
signed = st.floats(-1e15, 1e15, allow_nan=False)


def sound(axis: Scale, values: Sequence[float], most_ticks: int) -> None:
    """Every value has a place, and ticks are few, in order and where they say."""
    assert axis.low < axis.high
    assert all(0 <= axis.place(value) <= 100 for value in values)
    places = [axis.place(value) for value, _ in axis.ticks]
    assert places == sorted(places)
    assert 1 <= len(axis.ticks) <= most_ticks
    plain = all(value == 0 or 1e-4 <= value < 1e12 for value, _ in axis.ticks)
    assert not plain or all("e" not in label.split()[0] for _, label in axis.ticks)


@given(amounts)
def test_a_linear_axis_holds_its_largest_value(most: float) -> None:
    axis = scale.linear(most)
    sound(axis, [0, most], 12)
    assert axis.high >= most * (1 - 1e-9)
    assert axis.ticks[0][0] == 0


@given(st.integers(0, 10**9))
def test_counts_have_whole_ticks(most: int) -> None:
    assert all(value == int(value) for value, _ in scale.linear(most, whole=True).ticks)


@given(signed, signed)
def test_an_axis_between_two_values(one: float, two: float) -> None:
    low, high = min(one, two), max(one, two)
    axis = scale.between(low, high)
    assert axis.low <= low < axis.high
    assert axis.high >= high
    assert all(0 <= axis.place(value) <= 100 for value in (low, high))
    assert len(axis.ticks) <= 16


@given(sizes, sizes)
def test_a_logarithmic_axis_has_ticks_whatever_it_spans(one: float, two: float) -> None:
    low, high = min(one, two), max(one, two)
    sound(scale.logarithmic(low, high), [low, high], 16)


@given(st.floats(0, 1e7, allow_nan=False))
def test_the_axis_of_time_ends_with_the_run(end_s: float) -> None:
    axis = scale.seconds(end_s)
    sound(axis, [0, end_s], 12)
    assert axis.ticks[-1][0] <= axis.high * (1 + 1e-6)


@pytest.mark.parametrize(
    ("end_s", "labels"),
    [
        (0.4, ["0 s"]),
        (5.0, ["0 s", "1 s", "2 s", "3 s", "4 s", "5 s"]),
        (60.0, ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"]),
        (240.0, ["0:00", "0:30", "1:00", "1:30", "2:00", "2:30", "3:00", "3:30", "4:00"]),
        (7200.0, ["0:00", "15:00", "30:00", "45:00", "60:00", "75:00", "90:00", "105:00", "120:00"]),
    ],
)
def test_times_of_a_run_are_round(end_s: float, labels: list[str]) -> None:
    assert [label for _, label in scale.seconds(end_s).ticks] == labels


@given(st.lists(st.floats(0, 1e6, allow_nan=False, allow_subnormal=False), max_size=200))
def test_bars_hold_every_value_once_without_gaps(values: list[float]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    drawn = bins(histogram)
    bars = drawn["bars"]
    assert sum(bar["count"] for bar in bars) + drawn["zeros"] == len(values)
    assert len(bars) <= 48
    assert all(before["to"] == pytest.approx(after["from"]) for before, after in pairwise(bars))
    assert all(bar["from"] < bar["to"] for bar in bars)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (time(0.0042), "0.0042 ms"),
        (time(12.34), "12.3 ms"),
        (time(812.4), "812 ms"),
        (time(1340.0), "1.34 s"),
        (time(None), "-"),
        (figure(0.00134, "share"), "0.134 %"),
        (figure(None, "ms"), "no sample"),
        (figure(148.21, "/s"), "148/s"),
        (figure(0.5, "USD"), "0.5 USD"),
        (figure(3.0, ""), "3"),
        (digits(1234567.0), "1,234,567"),
        (digits(0.0), "0"),
        (tick(0.5), "0.5"),
        (tick(1500.0), "1,500"),
        (share(None), "-"),
        (change(1.1), "+10.0 %"),
        (change(None), "-"),
        (points(-0.004), "-0.40 pp"),
        (points(None), "-"),
    ],
)
def test_figures_have_their_unit(told: str, expected: str) -> None:
    assert told == expected


@given(st.text())
def test_text_is_escaped_and_markup_is_not(value: str) -> None:
    inside = element("p", value, title=value)
    assert "<" not in inside[len('<p title="') : -len("</p>")].replace('">', "")
    assert together([inside, Html("<br>")]).endswith("</p><br>")


def test_attributes_that_are_not_set_are_left_out() -> None:
    assert element("td", class_=None, hidden=False) == "<td></td>"
    assert (
        element("td", class_="a", hidden=True, data_x=1 / 3) == '<td class="a" hidden data-x="0.33333"></td>'
    )
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_no_axis_is_broken_by_the_largest_numbers_there_are() -> None:
    for axis in (
        scale.linear(math.inf),
        scale.linear(1e308),
        scale.between(-1e308, 1e300),
        scale.logarithmic(1e-300, 1e300),
    ):
        assert all(math.isfinite(value) for value, _ in axis.ticks)
