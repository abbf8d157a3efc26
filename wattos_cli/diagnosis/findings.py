"""The form of every finding: what was looked at, how it is, and the line that mends it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wattos_cli.deps import Deps
from wattos_cli.project import Project


class Level(StrEnum):
    """How bad a finding is; only an error makes the exit code 1."""

    OK = "ok"
    HINT = "hint"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` is the next line to type, empty when all is well."""

    check: str
    level: Level
    message: str
    mend: str = ""


# A check never takes longer than a second and never raises for what it is meant to find.
Check = Callable[[Project, Deps], Sequence[Finding]]


def ok(check: str, message: str) -> Finding:
    """Return a finding with nothing to mend."""
    return Finding(check, Level.OK, message)
