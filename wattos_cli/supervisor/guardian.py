"""The guardian: a process that does nothing but outlive the supervisor and leave nothing behind.

It is a child subreaper, so whatever loses its parent below it becomes its child, and cannot hide: not in a
session of its own, not by ignoring SIGTERM. When the supervisor ends, for whatever reason, the guardian
kills all that is left and ends too. The supervisor in turn watches a pipe that only the guardian holds.
"""

import os
import signal
import sys
import time
from collections.abc import Callable

from wattos_cli import prctl

_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.1


def guard(supervise: Callable[[int], int]) -> int:
    """Run `supervise(guardian_pipe)` in a child, wait for its end, kill its descendants, return its code.

    The pipe's end of file tells the supervisor that the guardian is gone. Returns in the guardian only.
    """
    if os.getsid(0) != os.getpid():
        os.setsid()
    prctl.become_subreaper()
    read_end, write_end = os.pipe()
    guardian = os.getpid()
    supervisor = os.fork()
    if supervisor == 0:
        os.close(write_end)
        _supervise(supervise, read_end, guardian)
    os.close(read_end)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: _forward(supervisor, received))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    prctl.set_name("wattos-guardian")
    code = _wait_for(supervisor)
    kill_descendants()
    if code < 0:
        _tell_killed(code)
    os.close(write_end)
    return code if code >= 0 else 128 - code


def kill_descendants() -> None:
    """Send SIGKILL to every descendant until none is left, and reap them. Works in any subreaper."""
    from wattos_cli.supervisor import process_table  # not before the fork server is on its way

    pause_s = _FIRST_PAUSE_S
    while True:
        for process in process_table.descendants(os.getpid(), process_table.snapshot()):
            if process.state not in "ZX":
                _kill(process.pid)
        if _reap_all():
            return
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def _supervise(supervise: Callable[[int], int], guardian_pipe: int, guardian: int) -> None:
    """Run the supervisor in this child and end with its code; never return."""
    code = 70
    try:
        if os.getppid() == guardian:
            code = supervise(guardian_pipe)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 - the traceback must reach supervisor.log, whatever it is
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait_for(supervisor: int) -> int:
    """Reap adopted orphans until the supervisor ends; return its exit code (-n for signal n)."""
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return 1
        if pid == supervisor:
            return os.waitstatus_to_exitcode(status)


def _tell_killed(code: int) -> None:
    """Write to supervisor.log what it cannot have written itself: who looks there asks why nothing runs."""
    from wattos_cli.supervisor import endings, journal

    told = f"the supervisor {endings.told(code)}, and with it all that it had started"
    journal.write("supervisor.killed", told, level="error")


def _reap_all() -> bool:
    """Reap every child that has ended; return whether none is left."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            return False


def _forward(supervisor: int, number: int) -> None:
    try:
        os.kill(supervisor, number)
    except ProcessLookupError:
        return  # ended in this very moment; the wait sees it


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # ended meanwhile, or changed its user: nothing that we may do
