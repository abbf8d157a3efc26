"""Living children: how they are started, how their end is learnt, how they are ended for good."""

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wattos_cli.supervisor import exec_child, process_table

_POLL_S = 0.02
_GROUP_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Start:
    """One process to start. `command` is executed; `program` are the arguments of the platform's own program.

    A fork server uses `program`, everything else `command`.
    """

    name: str
    command: tuple[str, ...]
    program: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: Path
    log_file: Path
    listener: int | None = None


@dataclass(slots=True)
class Child:
    """A process we started, leader of its own group. `exited` gives its exit code, negative for a signal."""

    pid: int
    start_time: int
    exited: "asyncio.Future[int]"
    generation: int = 0
    _family: dict[int, int] = field(default_factory=dict)

    def signal(self, number: int) -> None:
        """Send `number` to the whole group; nothing happens when it is gone."""
        if self.exited.done():
            return
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def hangup(self) -> None:
        """Send SIGHUP to the leader alone: it re-opens its log file, or reads its files again."""
        if not self.exited.done():
            os.kill(self.pid, signal.SIGHUP)

    def remember_family(self) -> None:
        """Note all descendants, so that those who leave the group are found after the leader's end."""
        for process in process_table.descendants(self.pid, process_table.snapshot()):
            self._family[process.pid] = process.start_time

    def survivors(self) -> list[process_table.Process]:
        """Return the living processes of the group and of the family; the leader's zombie is none."""
        return [
            process
            for process in process_table.snapshot()
            if process.state not in "ZX"
            and (
                (process.pgrp == self.pid and process.start_time >= self.start_time)
                or self._family.get(process.pid) == process.start_time
            )
        ]


class ExecSpawner:
    """Starts every process by executing its command; learns of ends through SIGCHLD.

    Reaps every child of this process, adopted orphans too, hence one instance per process.
    """

    def __init__(self) -> None:
        self._living: dict[int, asyncio.Future[int]] = {}

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Reap children from now on."""
        loop.add_signal_handler(signal.SIGCHLD, self.reap)
        self.reap()

    def adopt(self, pid: int) -> Child:
        """Return the handle of a direct child that was started before the loop ran."""
        exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._living[pid] = exited
        return Child(pid, process_table.start_time(pid), exited)

    async def spawn(self, start: Start) -> Child:
        """Return the new child; OSError when the program or its folder does not exist."""
        pid = exec_child.start(
            start.command,
            environ=start.environ,
            cwd=start.cwd,
            log_file=start.log_file,
            pass_fd=start.listener,
        )
        return self.adopt(pid)

    def reap(self) -> None:
        """Collect every child that has ended and tell those who wait for it."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            exited = self._living.pop(pid, None)
            if exited is not None and not exited.done():
                exited.set_result(os.waitstatus_to_exitcode(status))

    def kill_orphans(self, living_groups: frozenset[int]) -> None:
        """Kill what we adopted because its parent died, unless it belongs to a group that is still led.

        A service's processes must stay below it: one that was left behind has nobody who would stop it.
        """
        us = os.getpid()
        for process in process_table.snapshot():
            if process.ppid == us and process.pid not in self._living and process.pgrp not in living_groups:
                _kill(process.pid)


async def end(child: Child, drain_s: float, *, sleep_s: float = _POLL_S) -> bool:
    """End `child` and all that belongs to it; return whether it went by itself within `drain_s`.

    SIGTERM to the group; SIGKILL to what is left after the drain time, or shortly after the leader's end.
    Returns only when the group is empty.
    """
    loop = asyncio.get_running_loop()
    child.remember_family()
    deadline = loop.time() + drain_s
    child.signal(signal.SIGTERM)
    child.signal(signal.SIGCONT)  # one that stands still would not hear of it
    await asyncio.wait([child.exited], timeout=drain_s)
    graceful = child.exited.done()
    grace = min(deadline, loop.time() + _GROUP_GRACE_S)
    await sweep(child, grace if graceful else loop.time(), sleep_s=sleep_s)
    await asyncio.wait([child.exited])
    return graceful


async def sweep(child: Child, grace_until: float, *, sleep_s: float = _POLL_S) -> None:
    """Wait until nobody is left of `child`'s group and family; SIGKILL to those alive at `grace_until`.

    `grace_until` is a time of the running loop.
    """
    loop = asyncio.get_running_loop()
    while left := child.survivors():
        if loop.time() >= grace_until:
            for process in left:
                _kill(process.pid)
        await asyncio.sleep(sleep_s)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
