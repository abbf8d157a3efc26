"""The fork server: imports everything once, then forks a replica per request, in milliseconds.

It speaks JSON packets over a SOCK_SEQPACKET pair whose other end the supervisor holds:

    <- {"event": "loaded", "stage": "chat"}             from now on that service can be forked
    <- {"event": "unsafe", "reason": "2 threads ..."}   from now on nothing is forked any more
    <- {"event": "ready", "failed": {module: error}, "preload_ms": 812.0, "files": 1432}
    -> {"id": 1, "op": "spawn", "name": ..., "argv": [...], "environ": {...}, "cwd": ..., "log_file": ...}
       plus at most one listening socket (SCM_RIGHTS), which becomes descriptor 3
    <- {"id": 1, "pid": 4711}                   or {"id": 1, "error": "..."}
    -> {"id": 2, "op": "check"}                 <- {"id": 2, "changed": ["/.../routes.py"]}
    <- {"event": "exit", "pid": 4711, "status": 0}      the wait status, as os.waitpid gives it

It forks only from its only thread: PR_SET_PDEATHSIG follows the parent's thread. When the supervisor's end
closes, it kills its children and ends.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from wattos_platform.kernel.process.child import ChildRequest, become_child
from wattos_platform.kernel.process.prctl import die_with_parent, set_name
from wattos_platform.kernel.process.preload import Preload, Stage, stages, unsafe_to_fork
from wattos_platform.kernel.process.trim import give_back_library_pages

_LARGEST_PACKET_BYTES = 1 << 20
_IDLE_AFTER_MS = 1000

Program = Callable[[Sequence[str]], int]


def main(argv: Sequence[str], run: Program) -> int:
    """Serve until the supervisor goes away; in a forked child: run its program. Return the exit code.

    `run` takes the arguments of a program (`["serve", "chat"]`).
    """
    given = dict(zip(argv[::2], argv[1::2], strict=True))
    die_with_parent(int(given["--parent"]))
    set_name("wattos-forkserver")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(given["--control-fd"]))
    control.set_inheritable(False)
    names = [name for name in given["--preload"].split(",") if name]
    to_load = stages(names, migrations=given["--migrations"] == "yes", redis=given.get("--redis") == "yes")
    server = _Server(control, to_load)
    request = server.serve()
    return 0 if request is None else become_child(request, run)


class _Server:
    """The loop of the one thread: imports, requests in, children out, their ends reported."""

    def __init__(self, control: socket.socket, to_load: Sequence[Stage]) -> None:
        self._control = control
        self._to_load = deque(to_load)
        self._loaded = Preload()
        self._unsafe = ""
        self._idle = False
        self._children: set[int] = set()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self) -> ChildRequest | None:
        """Return what to run in a fresh child; return None in the server, when the supervisor is gone."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            if self._to_load:
                self._load(self._to_load.popleft())
            ready = {descriptor for descriptor, _ in poll.poll(self._patience_ms())}
            if not ready and not self._to_load:
                give_back_library_pages()
                self._idle = True
            if self._wake_read in ready:
                self._reap()
            if self._control.fileno() in ready:
                packet, descriptors, _, _ = socket.recv_fds(self._control, _LARGEST_PACKET_BYTES, 1)
                if not packet:
                    self._leave()
                    return None
                request = self._answer(json.loads(packet), descriptors)
                if request is not None:
                    return request

    def _patience_ms(self) -> int | None:
        """Return how long to wait for a request: not at all while there is something to import."""
        if self._to_load:
            return 0
        return None if self._idle else _IDLE_AFTER_MS

    def _load(self, stage: Stage) -> None:
        """Import one stage and say so; after the last, say what came of it all."""
        self._loaded.load(stage)
        self._unsafe = unsafe_to_fork()
        if self._unsafe:
            self._to_load.clear()
            _send(self._control, {"event": "unsafe", "reason": self._unsafe})
            return
        _send(self._control, {"event": "loaded", "stage": stage.name})
        if not self._to_load:
            loaded = self._loaded
            loaded.finish()
            took = {"preload_ms": round(loaded.duration_ms, 1), "files": len(loaded.files)}
            _send(self._control, {"event": "ready", "failed": loaded.failed, **took})

    def _answer(self, packet: dict[str, Any], descriptors: list[int]) -> ChildRequest | None:
        """Answer one request; return what to run when this is the new child."""
        if packet["op"] == "check":
            _send(self._control, {"id": packet["id"], "changed": self._loaded.changed()[:10]})
            return None
        if self._unsafe:
            _send(self._control, {"id": packet["id"], "error": self._unsafe})
            return None
        request = ChildRequest(
            name=packet["name"],
            argv=tuple(packet["argv"]),
            environ=packet["environ"],
            cwd=packet["cwd"],
            log_file=packet["log_file"],
            listener=descriptors[0] if descriptors else None,
            parent=os.getpid(),
        )
        try:
            pid = os.fork()
        except OSError as error:
            _send(self._control, {"id": packet["id"], "error": f"fork: {error.strerror}"})
            return None
        if pid == 0:
            self._forget_everything()
            return request
        with contextlib.suppress(OSError):  # the child does it too, whoever comes first, or is gone already
            os.setpgid(pid, pid)
        for descriptor in descriptors:
            os.close(descriptor)
        self._children.add(pid)
        _send(self._control, {"id": packet["id"], "pid": pid})
        return None

    def _forget_everything(self) -> None:
        """Drop, in the child, what belongs to the server: its socket, its pipe, its signal handling."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._control.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _reap(self) -> None:
        """Report every child that has ended."""
        try:
            while os.read(self._wake_read, 4096):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._children.discard(pid)
            _send(self._control, {"event": "exit", "pid": pid, "status": status})

    def _leave(self) -> None:
        """Kill what is left of our children: without the supervisor nobody looks after them."""
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)  # not reaped yet, so the number is still theirs


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    try:
        control.send(json.dumps(message).encode())
    except (BrokenPipeError, ConnectionResetError):
        sys.stderr.write("forkserver: the supervisor is gone\n")  # the next read sees the end and leaves
