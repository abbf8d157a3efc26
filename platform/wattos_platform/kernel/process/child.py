"""What a freshly forked child does before it is a service, and how it ends."""

import atexit
import gc
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from wattos_platform.kernel.process.prctl import die_with_parent, set_name

# The number under which a service finds the listening socket (WATTOS_HTTP_FD).
LISTENER_FD = 3
_MANY = 65_536


@dataclass(frozen=True, slots=True)
class ChildRequest:
    """One replica to become: program arguments, whole environment, folder, log file, listening socket."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: str
    log_file: str
    listener: int | None
    parent: int


def become_child(request: ChildRequest, run: Callable[[Sequence[str]], int]) -> NoReturn:
    """Turn this fork into the process that `request` describes, run it, and end the process.

    Own process group, death tied to the fork server, descriptors 0-3 only, fresh randomness, environment
    replaced, collector on again.
    """
    code = 1
    try:
        os.setpgid(0, 0)
        die_with_parent(request.parent)
        _redirect(request)
        set_name(f"wattos-{request.name}")
        os.environ.clear()
        os.environ.update(request.environ)
        os.chdir(request.cwd)
        random.seed()
        gc.enable()
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        sys.argv = ["wattos_platform", *request.argv]
        code = run(request.argv)
    except SystemExit as leaving:
        code = _code_of(leaving)
    except BaseException:  # noqa: BLE001 - whatever ends a service must stand in its log
        traceback.print_exc()
    finally:
        _end(code)


def _redirect(request: ChildRequest) -> None:
    """Keep descriptors 0 (nothing), 1 and 2 (the end of the log), 3 (the listener), and no other."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(request.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    last = 2
    if request.listener is not None:
        os.dup2(request.listener, LISTENER_FD)
        os.set_inheritable(LISTENER_FD, False)
        last = LISTENER_FD
    os.closerange(last + 1, _MANY)


def _code_of(leaving: SystemExit) -> int:
    """Return the exit code that `leaving` asks for, as the interpreter would."""
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code
    sys.stderr.write(f"{leaving.code}\n")
    return 1


def _end(code: int) -> NoReturn:
    """Run the exit handlers, flush, end; the frozen heap is not torn down, which would copy its pages."""
    try:
        atexit._run_exitfuncs()  # noqa: SLF001 - as multiprocessing ends its forks
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
