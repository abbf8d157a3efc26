"""The files of the store by their names, which hold their times.

Only regular files are files of the store: who opens a pipe waits until somebody writes into it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wattos_cli.metricstore.store import block, head

FAMILIES = "families.json"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A block and the times of its first and last row."""

    path: Path
    start_ms: int
    end_ms: int


def targets(folder: Path) -> list[Path]:
    """Return the folders of all targets, in order; none when there is no store yet."""
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def heads(target: Path) -> list[Path]:
    """Return the files that are being written or were left so, oldest first."""
    found = [path for path in _regular(target, head.SUFFIX) if path.stem.isdigit()]
    return sorted(found, key=lambda path: int(path.stem))


def blocks(target: Path) -> list[Sealed]:
    """Return the sealed files of a target, oldest first."""
    found = []
    for path in _regular(target, block.SUFFIX):
        start, _, end = path.stem.partition("-")
        if start.isdigit() and end.isdigit():
            found.append(Sealed(path, int(start), int(end)))
    return sorted(found, key=lambda sealed: sealed.start_ms)


def last_ms(target: Path) -> int:
    """Return the time of the last sealed row, -1 when there is none."""
    return max((sealed.end_ms for sealed in blocks(target)), default=-1)


def _regular(target: Path, suffix: str) -> Iterator[Path]:
    return (path for path in target.glob(f"*{suffix}") if path.is_file())
