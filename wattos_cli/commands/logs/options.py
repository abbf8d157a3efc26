"""What `wattos logs` may be asked."""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """How lines are written."""

    TABLE = "table"
    PRETTY = "pretty"
    JSON = "json"
    RAW = "raw"


@dataclass(frozen=True)
class Options:
    """What to read, what of it to show, and how."""

    services: tuple[str, ...] = ()
    follow: bool = False
    lines: int | None = None
    since: str | None = None
    until: str | None = None
    level: str | None = None
    grep: str | None = None
    where: tuple[str, ...] = ()
    request: str | None = None
    trace: str | None = None
    files: tuple[str, ...] = ()
    run: str | None = None
    output: Format = Format.TABLE
    count_by: str | None = None
    stats: str | None = None
