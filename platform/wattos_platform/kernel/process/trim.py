"""Gives back memory that importing needed and waiting does not: library code, mapped from its files."""

import ctypes
import re
from collections.abc import Iterable
from pathlib import Path

_MADV_DONTNEED = 4
_HEADER = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)")


def clean_file_mappings(smaps: Iterable[str]) -> list[tuple[int, int]]:
    """Return start and length of the mappings whose every page is an unchanged page of a file.

    `smaps` are the lines of /proc/PID/smaps. A read-only mapping may hold changed pages: the linker
    relocates and then protects some. Those, and all writable ones, are left out. Source: proc_pid_smaps(5).
    """
    found: list[tuple[int, int]] = []
    current: tuple[int, int] | None = None
    for line in smaps:
        header = _HEADER.match(line)
        if header is not None:
            start, end = int(header[1], 16), int(header[2], 16)
            of_a_file = header[4] != "0"
            current = (start, end - start) if of_a_file and "w" not in header[3] else None
        elif current is not None and line.startswith("Anonymous:"):
            if line.split()[1] == "0":
                found.append(current)
            current = None
    return found


def give_back_heap() -> None:
    """Return to the system what the C library's allocator holds and nobody uses; nothing where it cannot."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def give_back_library_pages() -> None:
    """Unmap the pages of all unchanged file mappings; whoever needs one again finds it in the page cache.

    Does nothing where there is no /proc, and passes over a mapping that the kernel will not touch.
    """
    try:
        lines = Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    libc = ctypes.CDLL(None)
    for start, length in clean_file_mappings(lines):
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), _MADV_DONTNEED)
