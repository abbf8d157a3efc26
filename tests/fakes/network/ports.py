"""Ports that one test holds alone, whatever other tests of this machine do meanwhile.

Who looks for a free port and listens on it later may find it taken by then. So a port is held by the lock on
a file, and lies below the range from which the kernel takes ports for outgoing connections.
"""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wattos_platform import catalog

_LOCKS = Path(tempfile.gettempdir()) / f"wattos-test-ports-{os.getuid()}"
# All ports of a project lie in 3000..3099 plus its offset, those of its own services too.
_OFFSETS = range(1000, 28_700, 100)
_SINGLE = range(31_800, 32_700)


@contextmanager
def port_offset() -> Iterator[int]:
    """Hold a multiple of 100 that shifts all default ports to free ones."""
    ports = [catalog.SUPERVISOR_PORT, *catalog.PORTS.values()]
    with _held(_OFFSETS, lambda offset: all(is_free(port + offset) for port in ports)) as offset:
        yield offset


@contextmanager
def free_port() -> Iterator[int]:
    """Hold a port on which nobody listens until the test does."""
    with _held(_SINGLE, is_free) as port:
        yield port


def is_free(port: int) -> bool:
    """Return whether nobody listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def _held(numbers: range, free: Callable[[int], bool]) -> Iterator[int]:
    _LOCKS.mkdir(exist_ok=True)
    for number in random.sample(numbers, len(numbers)):
        with (_LOCKS / str(number)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if free(number):
                yield number
                return
    raise RuntimeError("no port is free")
