"""Programs that a benchmark starts: each on a core of its own where there are two, measured from /proc."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLATFORM_PATH = f"{ROOT}:{ROOT / 'platform'}"
_TICKS = os.sysconf("SC_CLK_TCK")
_LOOK_EVERY_S = 0.005
_STOP_S = 15.0


def load_core() -> int | None:
    """Return the core of upstreams and load, None where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0] if len(cores) > 1 else None


def own_core() -> int | None:
    """Return the core of what is measured, None where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[-1] if len(cores) > 1 else None


def pinned(argv: Sequence[str], core: int | None) -> list[str]:
    """Return `argv` as a command that stays on `core`."""
    taskset = shutil.which("taskset")
    if core is None or taskset is None:
        return list(argv)
    return [taskset, "-c", str(core), *argv]


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def connects(port: int) -> bool:
    """Return whether somebody listens on `port` of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(
    argv: Sequence[str],
    ready: Callable[[], bool],
    environ: Mapping[str, str] | None = None,
    *,
    log: Path | None = None,
    wait_s: float = 15.0,
) -> Iterator[int]:
    """Run `argv` until the block ends; yields its pid once `ready` says so.

    SystemExit when it ends before that, or is not ready within `wait_s`. What it prints goes to `log`. At the
    end it is asked to stop, then its whole session is killed, so that nothing stays behind.
    """
    with (log or Path(os.devnull)).open("ab") as told:
        process = subprocess.Popen(
            argv,
            env=environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told if log else None,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + wait_s
        while not ready():
            if process.poll() is not None:
                raise SystemExit(f"{argv[0]} ended with {process.returncode}{_last_words(log)}")
            if time.monotonic() > until:
                raise SystemExit(f"{argv[0]} is not ready after {wait_s:.0f} s{_last_words(log)}")
            time.sleep(_LOOK_EVERY_S)
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def stop_cleanly_on_sigterm() -> None:
    """Make SIGTERM an exit like any other, so that what runs is stopped on the way out."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def cpu_s(pid: int) -> float:
    """Return the CPU seconds used so far by a process and its descendants, all threads."""
    return sum(map(own_cpu_s, family(pid)))


def own_cpu_s(pid: int) -> float:
    """Return the CPU seconds used so far by one process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pss_mb(pids: Sequence[int]) -> float:
    """Return the proportional set size of `pids` together, in MiB."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def family(pid: int) -> list[int]:
    """Return `pid` and all its descendants."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            found += family(int(child))
    return found


def _last_words(log: Path | None) -> str:
    return f"\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}" if log else ""
