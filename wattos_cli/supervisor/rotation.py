"""Log files that have grown: renamed, five kept, and their writer told to open a new one."""

from pathlib import Path

LIMIT_BYTES = 64 * 1024 * 1024
KEPT = 5


def due(path: Path, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Return whether `path` has reached the limit."""
    try:
        return path.stat().st_size >= limit_bytes
    except OSError:
        return False


def rotate(path: Path, kept: int = KEPT) -> None:
    """Rename `path` to `path.1`, the older ones up by one; the oldest goes.

    Its writer goes on writing to the renamed file until it opens `path` anew, so no line is lost.
    """
    _shift(path, kept)
    path.rename(_numbered(path, 1))


def copy_and_truncate(path: Path, kept: int = KEPT) -> None:
    """Copy `path` to `path.1` and empty it: for writers that open no file anew.

    What is written between copy and truncate is lost; a foreign program leaves no better way.
    """
    import shutil  # brings three compression libraries

    _shift(path, kept)
    shutil.copyfile(path, _numbered(path, 1))
    with path.open("r+b") as stream:
        stream.truncate(0)


def _shift(path: Path, kept: int) -> None:
    for number in range(kept - 1, 0, -1):
        older = _numbered(path, number)
        if older.exists():
            older.replace(_numbered(path, number + 1))


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
