"""Start a program as a child that dies with us: fork, tie, redirect, exec. The way without a fork server.

Used before anything heavy is imported, hence no subprocess here: it has no hook that runs in the child
without a warning, and costs 10 ms.
"""

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from wattos_cli import prctl

# The number under which a child finds the descriptor that was handed over to it.
PASSED_FD = 3
_OUT_OF_THE_WAY = 10
_EXEC_FAILED = 127


def start(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    log_file: Path,
    pass_fd: int | None = None,
) -> int:
    """Start `argv` and return its pid; it leads a process group of its own.

    Descriptor 0 reads nothing, 1 and 2 append to `log_file`, and `pass_fd` becomes descriptor 3. Nothing else
    of ours is open in it. Raises OSError when the program or the folder does not exist. Call it only from
    the main thread: the death signal follows the thread that forks.
    """
    parent = os.getpid()
    read_end, write_end = _error_pipe()
    pid = os.fork()
    if pid == 0:
        _prepare_or_die(cwd, log_file, pass_fd, parent, write_end)
        _execute(argv, environ, write_end)
    os.close(write_end)
    with contextlib.suppress(OSError):  # the child does it too, whoever comes first, or has executed
        os.setpgid(pid, pid)
    with os.fdopen(read_end, "rb") as stream:
        failure = stream.read()
    if failure:
        os.waitpid(pid, 0)
        code, _, place = failure.decode(errors="surrogateescape").partition(" ")
        raise OSError(int(code), os.strerror(int(code)), place or argv[0])
    return pid


def _error_pipe() -> tuple[int, int]:
    """Return a pipe that closes on exec, with numbers that the child's redirections do not hit."""
    import fcntl

    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def _prepare_or_die(cwd: Path, log_file: Path, pass_fd: int | None, parent: int, errors: int) -> None:
    """Make this fresh child what the program expects; tell the parent why when that fails."""
    try:
        os.setpgid(0, 0)
        prctl.die_with_parent(parent)
        redirect(log_file)
        if pass_fd is not None:
            os.dup2(pass_fd, PASSED_FD)
            os.set_inheritable(PASSED_FD, True)
        os.chdir(cwd)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)  # ignored signals survive exec
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    except OSError as error:
        _fail(error, errors, error.filename or "")


def _execute(argv: Sequence[str], environ: Mapping[str, str], errors: int) -> NoReturn:
    """Become the program; tell the parent why when that fails."""
    try:
        os.execvpe(argv[0], list(argv), dict(environ))  # noqa: S606 - a child without a shell is the point
    except OSError as error:
        _fail(error, errors, argv[0])  # the error names the last folder of PATH that was tried


def _fail(error: OSError, errors: int, place: str | Path) -> NoReturn:
    os.write(errors, f"{error.errno or 1} {place}".encode(errors="surrogateescape"))
    os._exit(_EXEC_FAILED)


def redirect(log_file: Path) -> None:
    """Point descriptor 0 to nothing and 1 and 2 to the end of `log_file`."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for descriptor in {nothing, log} - {0, 1, 2}:
        os.close(descriptor)
