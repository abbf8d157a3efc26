"""Ending a caller's TCP connection, which no ASGI message can ask for."""

import contextlib
import os
import socket
import stat
import struct
from pathlib import Path

from starlette.types import Scope

_LINGER_ZERO = struct.pack("ii", 1, 0)
_DESCRIPTORS = Path("/proc/self/fd")


def hang_up(scope: Scope, reset: bool) -> bool:  # noqa: FBT001 - the port's signature
    """End the connection of a request, with RST or with FIN; False if this process does not find it.

    The server owns the socket, so it is found among the process's descriptors. Ending its reading side makes
    the server close it; with a linger time of 0 that sends RST instead of FIN.
    """
    client, server = scope.get("client"), scope.get("server")
    if not client or not server or not _DESCRIPTORS.is_dir():
        return False
    for entry in list(_DESCRIPTORS.iterdir()):
        with contextlib.suppress(OSError, ValueError):
            descriptor = int(entry.name)
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode) and _ended(
                descriptor, (tuple(client), tuple(server)), reset=reset
            ):
                return True
    return False


def _ended(descriptor: int, ends: tuple[tuple[str, int], tuple[str, int]], *, reset: bool) -> bool:
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        if copy.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        if (copy.getpeername()[:2], copy.getsockname()[:2]) != ends:
            return False
        if reset:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        copy.shutdown(socket.SHUT_RD)
        return True
