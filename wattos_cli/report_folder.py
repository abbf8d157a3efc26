"""The folder of --report belongs to one run at a time: of two, the last would write over the other's."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wattos_cli.errors import ExitCode, WattosError


@contextmanager
def alone_in(folder: Path | None) -> Iterator[None]:
    """Run the block while no other run has `folder`, which exists; None: without one.

    The kernel gives it free with this process, however that ends. WattosError (exit 2) if another one has it.
    """
    if folder is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    """Lock the folder for this process; a file system that knows no locks keeps nobody out."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WattosError(
            f"another run is to write its reports into {folder}",
            hint="name another folder, or wait until that run has ended",
            code="report_folder_in_use",
            exit_code=ExitCode.USAGE,
            details={"path": str(folder)},
        ) from None
    except OSError:
        return
