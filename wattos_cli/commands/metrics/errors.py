"""What a person is told when a metric query has no answer."""

from wattos_cli.deps import BadQueryError, FailedQueryError
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.render.safe import visible

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
