"""A file of a time that is over: its series as columns, in groups, each compressed by itself.

Written once and renamed into place, so it is there whole or not at all; a checksum at its end finds what a
disk did to it later.
"""

import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from wattos_cli.metricstore.store import bits, dictionary
from wattos_cli.metricstore.store.head import Table

SUFFIX = ".block"
MAGIC = b"wattos-block-1\n"
_GROUP = 32
_COUNTS = struct.Struct("<IIII")
_CHECKSUM = struct.Struct("<I")


class DamagedError(ValueError):
    """A file is not what was written; the text names it."""


def write(folder: Path, table: Table) -> Path:
    """Write `table`, which has rows, as `<first time>-<last time>.block` and return its path; OSError."""
    path = folder / f"{table.times_ms[0]}-{table.times_ms[-1]}{SUFFIX}"
    series = range(len(table.series))
    groups = [
        zlib.compress(bits.shuffled(b"".join(table.differences(n).tobytes() for n in group)), 6)
        for group in (series[at : at + _GROUP] for at in range(0, len(series), _GROUP))
    ]
    names, times = dictionary.packed(table.series), _packed_times(table.times_ms)
    counts = _COUNTS.pack(len(table.rows), len(series), len(names), len(times))
    sizes = array("I", map(len, groups)).tobytes()
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        content = b"".join((MAGIC, counts, sizes, names, times, *groups))
        stream.write(content + _CHECKSUM.pack(zlib.crc32(content)))
    temporary.replace(path)
    return path


class Block:
    """Reads such a file; OSError when it is gone, DamagedError when it is something else."""

    def __init__(self, path: Path) -> None:
        whole = path.read_bytes()
        self._data, checksum = whole[: -_CHECKSUM.size], whole[-_CHECKSUM.size :]
        at = len(MAGIC)
        if self._data[:at] != MAGIC or _CHECKSUM.pack(zlib.crc32(self._data)) != checksum:
            raise DamagedError(f"{path} is not as it was written")
        self.rows, self.width, names, times = _COUNTS.unpack_from(self._data, at)
        at += _COUNTS.size
        groups = -(-self.width // _GROUP)
        sizes = array("I", self._data[at : at + 4 * groups])
        at += 4 * groups
        self.names = self._data[at : at + names]
        self._times = self._data[at + names : at + names + times]
        at += names + times
        self._places: list[tuple[int, int]] = []
        for size in sizes:
            self._places.append((at, at + size))
            at += size

    @property
    def times_ms(self) -> "array[int]":
        """Return the time of each row."""
        return _unpacked_times(zlib.decompress(self._times))

    def columns(self, chosen: Sequence[int]) -> "Iterator[array[int]]":
        """Yield the columns of the series `chosen`, in ascending order, as `bits.column` takes them."""
        current, group = -1, b""
        size = self.rows * bits.BYTES
        for series in chosen:
            if series // _GROUP != current:
                current = series // _GROUP
                begin, end = self._places[current]
                group = bits.unshuffled(zlib.decompress(self._data[begin:end]))
            at = series % _GROUP * size
            yield array("Q", group[at : at + size])


def _packed_times(times_ms: "array[int]") -> bytes:
    """Return the times as the change of their distances, which is little: scrapes come regularly."""
    steps = [times_ms[0], *(after - before for before, after in pairwise(times_ms))]
    changes = [steps[0], *(after - before for before, after in pairwise(steps))]
    return zlib.compress(bits.shuffled(array("q", changes).tobytes()), 6)


def _unpacked_times(data: bytes) -> "array[int]":
    times = array("q")
    step = time_ms = 0
    for at, change in enumerate(array("q", bits.unshuffled(data))):
        step = change if at == 0 else step + change
        time_ms += step
        times.append(time_ms)
    return times
