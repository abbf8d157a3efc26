"""A second process that undoes a fault when its holder cannot: killed, stopped, or stuck.

Holder and watcher hold the two ends of a pair of sockets. Whichever ends, for whatever reason, the kernel
closes its end, and the other one sees it: so there is no moment at which a single SIGKILL leaves the fault.
"""

import os
import select
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from wattos_cli import prctl

_UNDONE = b"u"


class Watcher:
    """The holder's hold on its watcher; `fileno()` becomes readable when the watcher is gone."""

    def __init__(self, tie: socket.socket, pid: int) -> None:
        self._tie = tie
        self._pid = pid

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._tie.fileno()

    def dismiss(self) -> None:
        """Tell the watcher that the fault is undone, and wait for its end."""
        with suppress(OSError):  # it has gone already
            self._tie.sendall(_UNDONE)
        self._tie.close()
        os.waitpid(self._pid, 0)


def watch(undo: Callable[[], None], longest_s: float) -> Watcher:
    """Start the process that calls `undo` when this one ends, or after `longest_s`. Call before any thread.

    It is the leader of a session of its own, so that what is sent to the holder's group does not reach it.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            _stand_by(theirs, undo, longest_s)
        finally:
            os._exit(0)
    theirs.close()
    return Watcher(ours, pid)


def _stand_by(tie: socket.socket, undo: Callable[[], None], longest_s: float) -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # The drill reads the holder's output to its end, which must not wait for us.
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    prctl.set_name("wattos-fault-w")
    ready, _, _ = select.select([tie], [], [], longest_s)
    if not ready or tie.recv(1) != _UNDONE:
        undo()
