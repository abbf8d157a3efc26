"""Bars as high as values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.render.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "width", "bars"),
    [
        ([], 10, ""),
        ([0.0, 0.0], 10, "▁▁"),
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 10, "▁▂▃▄▅▆▇█"),
        ([5.0, 5.0], 10, "██"),
        ([-7.0, 0.0], 10, "▁█"),
        ([1.0, None, math.nan, 1.0], 10, "█  █"),
        ([0.0, 2.0, 4.0, 4.0], 2, "▃█"),
        ([1.7e308, 1.7e308, -1.7e308], 1, "█"),
        ([None, None, 8.0, None], 2, " █"),
        ([None], 5, " "),
    ],
)
def test_bars(values: list[float | None], width: int, bars: str) -> None:
    assert sparkline(values, width) == bars


@given(st.lists(st.none() | st.floats()), st.integers(0, 80))
def test_any_values_fit(values: list[float | None], width: int) -> None:
    assert len(sparkline(values, width)) == min(width, len(values))
