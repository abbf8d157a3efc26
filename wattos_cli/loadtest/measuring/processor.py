"""The processor time of this process, and what it wanted and did not get."""

import time
from pathlib import Path

_SCHEDSTAT = Path("/proc/self/schedstat")
_NS = 1e9


def wanted_s(schedstat: Path = _SCHEDSTAT) -> float:
    """Return for how many seconds this process ran or, its main thread, waited for a processor to run on.

    On a machine that is busy elsewhere a generator is slow though it uses little: both make it late. Where
    the kernel does not tell the wait (it is the second figure of `schedstat`), only running counts.
    """
    try:
        waited_ns = int(schedstat.read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        waited_ns = 0
    return time.process_time() + waited_ns / _NS
