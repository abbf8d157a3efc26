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
