"""What a person is told when a metric query has no answer."""

from wattos_cli.deps import BadQueryError, FailedQueryError, MetricAnswer, Metrics
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.metricsource import Whom, metrics
from wattos_cli.render.safe import visible

__all__ = ["Whom", "broken", "failed", "metrics", "require_series"]

_SHOWN = 76  # of a line of an expression, so that the caret stands below it in 80 columns


def broken(expression: str, error: BadQueryError) -> WattosError:
    """Return the error (exit 2) for an expression that cannot be read, with a caret below the place."""
    if error.position is None:
        return WattosError(
            f"PromQL: {visible(error.reason)}",
            hint="wattos metrics query --help",
            code="promql_invalid",
            exit_code=ExitCode.USAGE,
            details={"expression": expression},
        )
    before = expression[: error.position]
    begin = before.rfind("\n") + 1
    line = expression[begin:].split("\n", 1)[0]
    column = len(before) - begin
    place = f"column {column + 1}" if "\n" not in expression else f"line {before.count(chr(10)) + 1}"
    left, right = _around(line, column)
    indent = " " * len(left)
    return WattosError(
        f"PromQL: {visible(error.reason)} at {place}\n  {left}{right}\n  {indent}^",
        hint="wattos metrics list shows what there is; wattos metrics query --help has examples",
        code="promql_invalid",
        exit_code=ExitCode.USAGE,
        details={"expression": expression, "position": error.position, "reason": error.reason},
    )


def _around(line: str, column: int) -> tuple[str, str]:
    """Return what stands before `column` and from there on, of a long line only what fits a terminal."""
    left, right = visible(line[:column]), visible(line[column:])
    if len(left) + len(right) <= _SHOWN:
        return left, right
    before = max(_SHOWN // 2, _SHOWN - len(right))
    if len(left) > before:
        left = f"…{left[1 - before :]}"
    after = _SHOWN - len(left)
    return left, right if len(right) <= after else f"{right[: after - 1]}…"


def failed(error: FailedQueryError) -> WattosError:
    """Return the error (exit 1) for an expression that has no answer over these series."""
    return WattosError(
        f"the query has no answer: {visible(str(error))}",
        hint="narrow it down with labels, or see the series first: wattos metrics list",
        code="query_failed",
    )


def require_series(expression: str, answer: MetricAnswer, metrics: Metrics, at_s: float) -> str:
    """Return what to remark about an empty answer, "" for one with series.

    Raises WattosError (exit 1) when the expression names a metric that nobody has.
    """
    if answer.result:
        return ""
    from wattos_cli.metricstore.named import metric_names
    from wattos_cli.metricstore.promql.errors import PromqlError
    from wattos_platform.contracts.metrics import FAMILIES

    try:
        named = metric_names(expression)
    except PromqlError:  # a Prometheus may know more than our parser
        return "No series."
    known = metrics.names(at_s)
    declared = {f"{each.name}{suffix}" for each in FAMILIES for suffix in ("", "_bucket", "_sum", "_count")}
    for name in sorted(named - set(known) - declared):
        raise _unknown(name, {*known, *declared})
    rare = sorted(named & declared - set(known))
    return f"No series: nothing has made {rare[0]} count yet." if rare else "No series at that time."


def _unknown(name: str, known: set[str]) -> WattosError:
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    guess = f"; did you mean {near[0]}?" if near else ""
    return WattosError(
        f"no such series: {visible(name)}{guess}",
        hint="see what there is: wattos metrics list",
        code="no_such_series",
        details={"name": name, "near": near},
    )
