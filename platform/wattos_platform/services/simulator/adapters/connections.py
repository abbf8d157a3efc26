"""Resetting a caller's TCP connection, which no ASGI message can ask for."""

import contextlib
import os
import socket
import struct
from pathlib import Path

_LINGER_ZERO = struct.pack("ii", 1, 0)


def reset(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Make the connection between `client` and `server` end with RST; False if this process has none.

    The server owns the socket, so it is found among the process's descriptors. With a linger time of 0 the
    close that follows the end of reading sends RST instead of FIN.
    """
    for entry in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError, ValueError):
            copy = socket.socket(fileno=os.dup(int(entry.name)))
            with copy:
                if copy.family in (socket.AF_INET, socket.AF_INET6) and (
                    copy.getpeername()[:2] == client and copy.getsockname()[:2] == server
                ):
                    copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
                    copy.shutdown(socket.SHUT_RD)
                    return True
    return False
