"""The exit codes and the one error that every command raises."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the process's exit code says; `wattos help exit-codes` prints this table."""

    OK = 0
    NO = 1
    USAGE = 2
    CONFIG = 3
    UNREACHABLE = 4
    INTERNAL = 70
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.OK: "Done. Also: nothing found, or `down` and `ps` with nothing running.",
    ExitCode.NO: "It ran, and the answer is no: not healthy, did not become ready, a document or a check "
    "failed, a threshold was missed, or an assertion had no data.",
    ExitCode.USAGE: "The command line is wrong; also when a question would have to be asked while stdin is "
    "no terminal (the message names the flag that answers it).",
    ExitCode.CONFIG: "The configuration is invalid; the message names file, line and column with a "
    "suggestion.",
    ExitCode.UNREACHABLE: "There is nothing valid to talk to: the platform is not running, the target "
    "cannot be reached, credentials were refused, the load generator was saturated, or a baseline is not "
    "comparable.",
    ExitCode.INTERNAL: "An internal error, which is a bug in wattos; the message names the path of a crash "
    "report.",
    ExitCode.INTERRUPTED: "Interrupted by Ctrl-C (SIGINT).",
    ExitCode.TERMINATED: "Terminated by SIGTERM.",
}


class WattosError(Exception):
    """A failure told to a person: what failed and why (`message`), and what to type next (`hint`).

    `code` is the stable snake_case name scripts match on in JSON mode; `details` is JSON-able.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "failed",
        exit_code: ExitCode = ExitCode.NO,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.exit_code = exit_code
        self.details = dict(details or {})


class Terminated(BaseException):
    """SIGTERM arrived; a BaseException, so that no command swallows it."""


def usage(message: str, hint: str) -> WattosError:
    """Return the error (exit 2) for a wrong command line."""
    return WattosError(message, hint=hint, code="usage", exit_code=ExitCode.USAGE)


def marked(option: str, text: str, at: int, problem: str, hint: str) -> WattosError:
    """Return the error (exit 2) for what is wrong in an option's `text` from its character `at` (0-based) on.

    It shows the text with a mark below that place.
    """
    line = " ".join(text.split("\n"))
    return WattosError(
        f"{option}: {problem} at column {at + 1}\n  {line}\n  {' ' * at}^",
        hint=hint,
        code="usage",
        exit_code=ExitCode.USAGE,
        details={"expression": text, "column": at + 1},
    )
