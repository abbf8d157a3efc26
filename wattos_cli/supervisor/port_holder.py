"""Who listens on a TCP port: from /proc/net/tcp and the open descriptors in /proc/PID/fd."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from wattos_cli.supervisor import process_table

_LISTEN = "0A"
_FIELDS = 10
"""A line has at least so many; the tenth is the inode."""
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a listening socket."""

    pid: int
    command: str


def listening_inodes(lines: Iterable[str], port: int) -> set[str]:
    """Return the inodes of the sockets that listen on `port`, from the lines of /proc/net/tcp or tcp6."""
    found: set[str] = set()
    for line in lines:
        fields = line.split()
        if len(fields) < _FIELDS or fields[3] != _LISTEN:
            continue
        if fields[1].rpartition(":")[2] == f"{port:04X}":
            found.add(fields[9])
    return found


def holders(port: int) -> list[Holder]:
    """Return the processes that listen on `port`, lowest pid first; those of other users may not be seen."""
    inodes: set[str] = set()
    for table in _TABLES:
        try:
            with open(table, encoding="ascii") as stream:  # noqa: PTH123 - a kernel table, not a file
                inodes |= listening_inodes(stream, port)
        except OSError:
            continue
    targets = {f"socket:[{inode}]" for inode in inodes}
    pids = sorted(int(name) for name in _listing("/proc") if name.isdigit())
    return [Holder(pid, process_table.command_line(pid)) for pid in pids if targets & _open_files(pid)]


def _open_files(pid: int) -> set[str]:
    folder = f"/proc/{pid}/fd"
    found: set[str] = set()
    for name in _listing(folder):
        try:
            found.add(os.readlink(f"{folder}/{name}"))  # noqa: PTH115 - thousands of them
        except OSError:
            continue  # closed meanwhile
    return found


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - thousands of them
    except OSError:
        return []
