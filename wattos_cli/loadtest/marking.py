"""An error that shows where in an option's value it is."""

from wattos_cli.errors import ExitCode, WattosError


def marked(option: str, text: str, at: int, problem: str, hint: str) -> WattosError:
    """Return the error (exit 2) for what is wrong in `text` from its character `at` (0-based) on."""
    line = " ".join(text.split("\n"))
    return WattosError(
        f"{option}: {problem} at column {at + 1}\n  {line}\n  {' ' * at}^",
        hint=hint,
        code="usage",
        exit_code=ExitCode.USAGE,
        details={"expression": text, "column": at + 1},
    )
