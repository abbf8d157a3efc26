"""Which process holds a lease, and whether it is still there."""

import os
import socket
from pathlib import Path

_START_TIME_FIELD = 19


def this_process() -> str:
    """Return this process as `host:pid:start`, which no later process of this host will be."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_start_time(pid)}"


def is_gone(process: str) -> bool:
    """Return whether `process` (from `this_process`) certainly ended.

    False for a process of another host, of which nothing can be known from here: its lease must expire.
    """
    host, _, rest = process.rpartition(":")[0].rpartition(":")
    start = process.rpartition(":")[2]
    if host != socket.gethostname() or not rest.isdecimal():
        return False
    return _start_time(int(rest)) != start


def _start_time(pid: int) -> str:
    """Return the start of `pid` in clock ticks since boot; empty when there is no such process.

    Without /proc (macOS) only existence is known: "0" stands for a process that exists.
    """
    if not Path("/proc/self/stat").exists():
        return "0" if _exists(pid) else ""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in parentheses may hold spaces; the fields behind it do not. A zombie has ended.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[_START_TIME_FIELD]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
