"""Numbers, times and results in the notation of Prometheus."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.metricstore import wire
from wattos_cli.metricstore.promql.engine import Result
from wattos_cli.metricstore.series import Series


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1e6, "1000000"),
        (1e16, "10000000000000000"),
        (1.5e20, "150000000000000000000"),
        (1e21, "1e+21"),
        (0.00001234, "0.00001234"),
        (1e-6, "0.000001"),
        (9e-7, "9e-07"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_a_number_is_written_as_prometheus_does(value: float, text: str) -> None:
    assert wire.number(value) == text


@given(st.floats(allow_nan=False))
def test_what_is_written_reads_back(value: float) -> None:
    assert float(wire.number(value)) == value


def test_each_type_has_its_shape() -> None:
    series = Series((("job", "chat"),), [1_000, 2_500], [1.0, math.inf])
    both = (series, Series((), [1_000], [2.0]))
    assert wire.result(Result("matrix", both), 0)[0] == {
        "metric": {"job": "chat"},
        "values": [[1, "1"], [2.5, "+Inf"]],
    }
    assert wire.result(Result("vector", both), 0)[1] == {"metric": {}, "value": [1, "2"]}
    assert wire.result(Result("scalar", both[1:]), 0) == [1, "2"]
    assert wire.result(Result("string", text="hello"), 7_250) == [7.25, "hello"]
