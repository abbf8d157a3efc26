"""What /proc says about processes; on systems without /proc what `ps` says."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass

LINUX = sys.platform == "linux"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One row of the process table; `start_time`: clock ticks since boot; `cpu_ticks`: user and system."""

    pid: int
    state: str
    ppid: int
    pgrp: int
    session: int
    cpu_ticks: int
    start_time: int


def parse_stat(text: str) -> Process:
    """Return the process that a `/proc/PID/stat` line describes; ValueError if it is none.

    The command stands in parentheses and may itself hold spaces and parentheses, so fields count from the
    last one. Source: proc_pid_stat(5).
    """
    head, _, tail = text.rpartition(")")
    pid, fields = head.partition(" ")[0], tail.split()
    try:
        return Process(
            pid=int(pid),
            state=fields[0],
            ppid=int(fields[1]),
            pgrp=int(fields[2]),
            session=int(fields[3]),
            cpu_ticks=int(fields[11]) + int(fields[12]),
            start_time=int(fields[19]),
        )
    except IndexError as error:
        raise ValueError(f"not a line of /proc/PID/stat: {text[:80]!r}") from error


def read(pid: int) -> Process | None:
    """Return the process `pid`, None when there is none (any more)."""
    if not LINUX:
        return next((process for process in _from_ps() if process.pid == pid), None)
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123 - hot
            return parse_stat(stream.read())
    except (OSError, ValueError):
        return None


def start_time(pid: int) -> int:
    """Return when `pid` started, 0 when it does not exist. With the pid it names one process for ever."""
    process = read(pid)
    return process.start_time if process else 0


def alive(pid: int, started: int) -> bool:
    """Return whether `pid` is still the process that started at `started`, and not a zombie."""
    process = read(pid) if pid > 0 else None
    return process is not None and process.start_time == started and process.state not in "ZX"


def snapshot() -> list[Process]:
    """Return every process that can be seen."""
    if not LINUX:
        return _from_ps()
    names = os.listdir("/proc")  # noqa: PTH208 - hot
    found = (read(int(name)) for name in names if name.isdigit())
    return [process for process in found if process is not None]


def descendants(root: int, table: Iterable[Process]) -> list[Process]:
    """Return the children of `root` in `table`, their children, and so on; parents come first."""
    children: dict[int, list[Process]] = {}
    for process in table:
        children.setdefault(process.ppid, []).append(process)
    found: list[Process] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found.extend(below)
        queue.extend(process.pid for process in below)
    return found


def pss_bytes(pid: int) -> int | None:
    """Return the proportional set size of `pid` (resident size without Linux), None when it is gone."""
    if not LINUX:
        return _rss_from_ps(pid)
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as stream:  # noqa: PTH123 - hot
            for line in stream:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None


def command_line(pid: int) -> str:
    """Return the command of `pid` as one line, its short name when the arguments may not be read."""
    for name in ("cmdline", "comm"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as stream:  # noqa: PTH123 - hot
                words = stream.read().replace(b"\0", b" ").decode(errors="replace").split()
        except OSError:
            continue
        if words:
            return " ".join(words)
    return "unknown"


def _from_ps() -> list[Process]:
    """Return the table as `ps` prints it, for systems without /proc; start times are not known there."""
    rows = (line.split() for line in _ps("-axo", "pid=,stat=,ppid=,pgid=").splitlines())
    return [Process(int(r[0]), r[1][0], int(r[2]), int(r[3]), 0, 0, 0) for r in rows if len(r) == 4]  # noqa: PLR2004 - as asked for


def _rss_from_ps(pid: int) -> int | None:
    listing = _ps("-o", "rss=", "-p", str(pid)).strip()
    return int(listing) * 1024 if listing.isdigit() else None


def _ps(*arguments: str) -> str:
    import subprocess  # costs 10 ms, which Linux need not pay

    listing = subprocess.run(["/bin/ps", *arguments], capture_output=True, text=True, check=False, timeout=5)
    return listing.stdout
