"""The folder of a run: plan, journal, last words. Only its owner may read it; it outlives nobody for long."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "wattos-loadtest-"
_HELD, _NOT_HELD_YET = "held", "held.new"
_UNFINISHED_S = 3600.0
"""A folder that nobody has ever held is left to whoever may be making it for so long."""


@contextmanager
def run_folder() -> Iterator[Path]:
    """Yield a new folder (0700) that is removed afterwards.

    Folders of processes that could not remove theirs are removed first.
    """
    sweep(Path(tempfile.gettempdir()), time.time())
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, _held(Path(name)):
        yield Path(name)


def sweep(base: Path, now: float) -> None:
    """Remove our folders in `base` whose processes are gone, and at `now` (Unix time) old unfinished ones."""
    for folder in base.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another one sweeps it too, or its owner is just leaving
            found = folder.lstat()
            if found.st_uid == os.geteuid() and _is_abandoned(folder, now - found.st_mtime):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it with this process, however that ends.

    The lock gets its name once it is held: under its name it is never found free by mistake.
    """
    with (folder / _NOT_HELD_YET).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (folder / _NOT_HELD_YET).rename(folder / _HELD)
        yield


def _is_abandoned(folder: Path, age_s: float) -> bool:
    try:
        with (folder / _HELD).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return age_s > _UNFINISHED_S
    except BlockingIOError:
        return False
    return True
