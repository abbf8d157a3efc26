"""Compares answers with what a script expects; a Mismatch says how they differ, and quotes neither."""

from collections.abc import Sequence

from tests.promqltest.notation import Other, Sequences
from tests.promqltest.script import Evaluation
from wattos_cli.metricstore.promql.arithmetic import almost_equal
from wattos_cli.metricstore.promql.engine import Result
from wattos_cli.metricstore.series import Labels, Series

TOLERANCE = 1e-6
"""Upstream's tolerance for values, relative."""


class Mismatch(Exception):  # noqa: N818 - no error of the program
    """How an answer differs from the expected one."""


def check_remarks(evaluation: Evaluation, result: Result) -> None:
    """Raise Mismatch unless warnings and infos are those expected."""
    for what, actual in (("warn", result.warnings), ("info", result.infos)):
        expected = evaluation.remarks.get(what, [])
        if evaluation.expects(f"no_{what}") and actual:
            raise Mismatch(f"an unexpected {what} annotation")
        if expected and not all(any(remark.matches(text) for text in actual) for remark in expected):
            raise Mismatch(f"an expected {what} annotation is missing")
        if expected and not all(any(remark.matches(text) for remark in expected) for text in actual):
            raise Mismatch(f"an unexpected {what} annotation")


def check_answer(evaluation: Evaluation, result: Result) -> None:
    """Raise Mismatch unless the value of `result` is the expected one."""
    if result.kind == "string":
        if result.text != evaluation.text:
            raise Mismatch("another string")
    elif result.kind == "scalar":
        if evaluation.scalar is None:
            raise Mismatch("a scalar where series are expected")
        _check_values([evaluation.scalar], result.series[0].values)
    elif evaluation.scalar is not None:
        raise Mismatch("series where a scalar is expected")
    else:
        _check_series(evaluation, result)


def _check_series(evaluation: Evaluation, result: Result) -> None:
    expected = {one.labels: one for one in evaluation.series}
    actual: dict[Labels, Series] = {series.labels: series for series in result.series}
    if len(actual) != len(result.series):
        raise Mismatch("a series occurs twice")
    if set(actual) != set(expected):
        raise Mismatch("other series")
    if evaluation.expects("ordered") and list(actual) != list(expected):
        raise Mismatch("another order")
    if result.kind == "matrix" and [one.labels for one in result.series] != sorted(actual):
        raise Mismatch("series of a matrix are not sorted")
    for labels, one in expected.items():
        _check_samples(evaluation, one, actual[labels], matrix=result.kind == "matrix")


def _check_samples(evaluation: Evaluation, expected: Sequences, actual: Series, *, matrix: bool) -> None:
    numbers = [(n, value) for n, value in enumerate(expected.values) if not isinstance(value, Other)]
    if matrix:
        start, step = evaluation.vector_range or (evaluation.start_ms, evaluation.step_ms)
        if [start + n * step for n, _ in numbers] != list(actual.times_ms):
            raise Mismatch("samples at other times")
    _check_values([value for _, value in numbers], actual.values)


def _check_values(expected: Sequence[float], actual: Sequence[float]) -> None:
    if len(expected) != len(actual):
        raise Mismatch("another number of samples")
    for wanted, got in zip(expected, actual, strict=True):
        if not almost_equal(wanted, got, TOLERANCE):
            raise Mismatch("another value")
