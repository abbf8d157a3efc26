"""The notation of upstream's scripts, on which the count of what passes rests."""

import math

import pytest

from tests.promqltest.notation import Other, milliseconds, series
from wattos_cli.metricstore.series import is_stale

NOTHING, NATIVE = Other.NOTHING, Other.NATIVE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2.5 -3", [1.0, 2.5, -3.0]),
        ("1+2x3", [1.0, 3.0, 5.0, 7.0]),
        ("5-2x2", [5.0, 3.0, 1.0]),
        ("-1-1x1", [-1.0, -2.0]),
        ("7x2", [7.0, 7.0, 7.0]),
        ("0x3", [0.0, 0.0, 0.0, 0.0]),
        ("1e2+1e1x1 _", [100.0, 110.0, NOTHING]),
        ("_ _x2 4", [NOTHING, NOTHING, NOTHING, 4.0]),
        ("Inf -Inf +Inf", [math.inf, -math.inf, math.inf]),
        ("{{schema:0 sum:1 count:2}}x1 {{}} 3", [NATIVE, NATIVE, NATIVE, 3.0]),
        ("{{count:1}}+{{count:2}}x2", [NATIVE, NATIVE, NATIVE]),
        ("", []),
    ],
)
def test_values(text, expected):
    assert series(f"m {text}").values == expected


def test_values_that_are_no_numbers():
    ended, unknown = series("m stale NaN").values
    assert is_stale(ended)
    assert math.isnan(unknown)
    assert not is_stale(unknown)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("m 1", (("__name__", "m"),)),
        ("m{} 1", (("__name__", "m"),)),
        ("{} 1", ()),
        ('m:n{b="1", a="x} y"} 1', (("__name__", "m:n"), ("a", "x} y"), ("b", "1"))),
        ('{"a name", b=""} 1', (("__name__", "a name"),)),
        ('{a="\\"\\n"} 1', (("a", '"\n'),)),
    ],
)
def test_labels(line, expected):
    assert series(line).labels == expected


@pytest.mark.parametrize("line", ["1 2", "m 1 x", "m{a} 1", "m 1x", "m 1++2x3"])
def test_what_is_no_series_is_refused(line):
    with pytest.raises(ValueError, match=r"."):
        series(line)


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("5m", 300_000), ("1h30m", 5_400_000), ("10ms", 10), ("1w", 604_800_000)]
)
def test_durations(text, expected):
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "1.5m", "5x"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="expected a duration"):
        milliseconds(text)
