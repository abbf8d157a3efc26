"""What this process takes of the machine, read whenever its metrics are."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from wattos_platform.kernel.telemetry import Meter

_STATM = Path("/proc/self/statm")


def publish_usage(
    meter: Meter, *, cpu_s: Callable[[], float] = time.process_time, statm: Path = _STATM
) -> None:
    """Show the processor time and the resident memory; no memory where the system does not tell it."""
    meter.tally("process_cpu_seconds_total").count = cpu_s()
    resident = _resident_bytes(statm)
    if resident is None:
        meter.forget("process_resident_memory_bytes")
    else:
        meter.gauge("process_resident_memory_bytes").set(resident)


def _resident_bytes(statm: Path) -> int | None:
    # The second figure is the pages in memory. Source: proc_pid_statm(5). Only Linux has it.
    try:
        pages = int(statm.read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
