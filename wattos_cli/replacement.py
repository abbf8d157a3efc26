"""A file that is replaced in one step: whoever reads it sees the old or the new content, never half."""

import os
import stat
from pathlib import Path

_MODE = 0o666


def replace(path: Path, content: bytes, mode: int | None = None) -> None:
    """Put a file with `content` in the place of `path`; OSError, and then `path` is as it was.

    Without a `mode` it has that of the file in whose place it is, or of any new file.
    """
    kept = stat.S_IMODE(path.stat().st_mode) if mode is None and path.exists() else None
    temporary = beside(path, _MODE if mode is None else mode)
    try:
        if kept is not None:
            temporary.chmod(kept)
        with temporary.open("wb") as stream:
            stream.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def beside(path: Path, mode: int = _MODE) -> Path:
    """Make an empty file in the folder of `path`, with a name that nobody else has, and return its path."""
    made = path.with_name(f".wattos-{os.urandom(8).hex()}")
    os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
    return made
