"""What `wattos drill run` may know of its command line."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Which drills, and where the reports go."""

    drills: tuple[str, ...] = ()
    all_: bool = False
    report_dir: Path | None = None
    junit_file: Path | None = None
    json_file: Path | None = None
