"""A fault of processes as a drill sees it: held by a child, which undoes it whatever becomes of us."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import wattos_cli
from wattos_cli.drills.faults.holder.order import Order
from wattos_cli.errors import ExitCode, WattosError

# Its start takes a tenth of a second, a lock that others want too takes seconds.
_APPLIED_WITHIN_S = 15.0
_UNDONE_WITHIN_S = 10.0
_CHUNK_BYTES = 65_536


class HeldFault:
    """One fault and its holder: undone when we say so, when we end in any way, or when its time is over.

    The holder sees our end in the line that connects us: the kernel closes it, also after SIGKILL.
    """

    def __init__(self, order: Order, described: str) -> None:
        self._order = order
        self._described = described
        self._holder: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def apply(self, ttl_s: float) -> None:
        """Start the holder and return once the fault stands.

        WattosError (exit 4) when it was refused or could not be done; nothing is left then.
        """
        self._line, theirs = socket.socketpair()
        with theirs:
            self._holder = _start(theirs)
        first, said = _first(self._line, replace(self._order, ttl_s=ttl_s))
        if first.get("event") != "applied":
            self.rollback()
            raise _not_applied(self._described, first, said)

    def rollback(self) -> None:
        """Have everything put back as it was and return then; nothing happens where nothing is held.

        A holder that does not end in time is killed: what it held, its watcher or the kernel undoes.
        """
        line, self._line = self._line, None
        holder, self._holder = self._holder, None
        if line is not None:
            line.close()
        if holder is not None:
            try:
                holder.wait(_UNDONE_WITHIN_S)
            except BaseException:
                holder.kill()
                holder.wait()
                raise

    def describe(self) -> str:
        """Return what is broken."""
        return self._described


def _start(line: socket.socket) -> "subprocess.Popen[bytes]":
    """Start a holder that hears and tells on `line`, in a session of its own: Ctrl-C reaches us alone."""
    package = str(Path(wattos_cli.__file__).resolve().parents[1])
    # What it imports lies where we do; the platform's contracts lie elsewhere in a checkout.
    paths = [package, *(str(Path(entry).absolute()) for entry in sys.path if entry)]
    return subprocess.Popen(
        [sys.executable, "-S", "-P", "-m", "wattos_cli.drills.faults.holder"],
        env={"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
        stdin=line.fileno(),
        stdout=line.fileno(),
        stderr=line.fileno(),
        start_new_session=True,
    )


def _first(line: socket.socket, order: Order) -> tuple[dict[str, Any], str]:
    """Give `order`; return the first report, {} if none comes in time, and what else was said until then."""
    received = bytearray()
    line.settimeout(_APPLIED_WITHIN_S)
    try:
        line.sendall(order.to_line())
        while chunk := line.recv(_CHUNK_BYTES):
            received += chunk
            for said in received.splitlines(keepends=True):
                if said.startswith(b"{") and said.endswith(b"\n"):
                    return json.loads(said), ""
    except OSError:
        pass  # silent for too long, or ended before it had read all
    return {}, received.decode(errors="replace").strip()


def _not_applied(described: str, first: dict[str, Any], said: str) -> WattosError:
    if first:
        return WattosError(
            str(first.get("reason")),
            hint=str(first.get("hint", "")),
            code="fault_refused",
            exit_code=ExitCode.UNREACHABLE,
        )
    return WattosError(
        "\n  ".join(filter(None, (f"the fault holder did not tell that this is done: {described}", said))),
        hint="the drill has changed nothing. Is the machine very busy? Run it again.",
        code="fault_not_applied",
        exit_code=ExitCode.UNREACHABLE,
    )
