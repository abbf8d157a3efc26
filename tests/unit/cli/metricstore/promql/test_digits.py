"""Numbers are written as Prometheus writes them."""

import math

import pytest

from wattos_cli.metricstore.promql.digits import general, of_label, plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, ("0", "0", "0.0")),
        (1.0, ("1", "1", "1.0")),
        (0.5, ("0.5", "0.5", "0.5")),
        (-2.0, ("-2", "-2", "-2.0")),
        (123456.0, ("123456", "123456", "123456.0")),
        (1e6, ("1e+06", "1000000", "1e+06")),
        (1234567.5, ("1.2345675e+06", "1234567.5", "1.2345675e+06")),
        (0.0001, ("0.0001", "0.0001", "0.0001")),
        (0.000012, ("1.2e-05", "0.000012", "1.2e-05")),
        (1e21, ("1e+21", "1000000000000000000000", "1e+21")),
        (math.nan, ("NaN", "NaN", "NaN")),
        (math.inf, ("+Inf", "+Inf", "+Inf")),
        (-math.inf, ("-Inf", "-Inf", "-Inf")),
    ],
)
def test_numbers_are_written_as_go_writes_them(value, expected):
    assert (general(value), plain(value), of_label(value)) == expected
