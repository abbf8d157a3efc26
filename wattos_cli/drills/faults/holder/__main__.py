"""The holder's program: one order from stdin, one fault, undone in any case."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from wattos_cli import prctl
from wattos_cli.drills.faults.holder.freeze import Freeze
from wattos_cli.drills.faults.holder.holds import Hold
from wattos_cli.drills.faults.holder.kill import Kill
from wattos_cli.drills.faults.holder.lock import Lock
from wattos_cli.drills.faults.holder.order import Order, RefusedError, report
from wattos_cli.project import Project

_KINDS: Mapping[str, Callable[[Project, Order], Hold]] = {"freeze": Freeze, "kill": Kill, "lock": Lock}


def main() -> int:
    """Carry out the order on stdin; return 0 when the fault stood and is undone, 1 when it was refused."""
    told_to_end = _signals()
    prctl.set_name("wattos-fault")
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        order = Order.from_line(stdin.readline())
    hold = _KINDS[order.kind](Project(Path(order.root)), order)
    try:
        done = hold.begin()
    except RefusedError as refused:
        hold.undo()
        _say(report("refused", reason=refused.reason, hint=refused.hint))
        return 1
    why = "failed"
    try:
        _say(report("applied", detail=done))
        why = _held(hold, time.monotonic() + order.ttl_s, told_to_end)
    finally:
        hold.undo()
        _say(report("ended", why=why))
    return 0


def _held(hold: Hold, until: float, told_to_end: int) -> str:
    """Return why the fault ends, when it does: told, closed, ttl, or unwatched."""
    while (left_s := until - time.monotonic()) > 0:
        due_s = hold.next_s()
        watcher = hold.watcher.fileno() if hold.watcher else told_to_end
        ready, _, _ = select.select(
            [0, told_to_end, watcher], [], [], left_s if due_s is None else min(left_s, due_s)
        )
        if told_to_end in ready:
            return "told"
        if watcher in ready:
            return "unwatched"
        if 0 in ready:
            return "closed"
        if due_s is not None and due_s <= left_s:
            for done in hold.go_on():
                _say(report("struck", detail=done))
    return "ttl"


def _signals() -> int:
    """Return a descriptor that becomes readable when a signal tells us to end."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    return read_end


def _say(line: bytes) -> None:
    """Tell the drill, if it still listens: nobody's absence keeps a fault from being undone."""
    try:
        os.write(1, line)
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
