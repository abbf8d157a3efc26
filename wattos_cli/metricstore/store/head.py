"""The file that is being written: a frame for each scrape, readable while it grows, whole after a SIGKILL.

A frame is length and CRC-32 of its payload, then that: the time, the series that are new, and the row as
it differs from the one before. What follows the last whole frame was being written and is passed over.
"""

import os
import struct
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wattos_cli.metricstore.series import STALE, Labels
from wattos_cli.metricstore.store import bits, dictionary

SUFFIX = ".head"
MAGIC = b"wattos-head-1\n"
_FRAME = struct.Struct("<II")
_PAYLOAD = struct.Struct("<qI")


@dataclass(slots=True)
class Table:
    """The rows of a file, each as it differs from the one before, the first from a row of absent samples.

    Series are lines of a dictionary. A row is shorter than their number when some came after it.
    """

    series: list[str] = field(default_factory=list)
    times_ms: "array[int]" = field(default_factory=lambda: array("q"))
    rows: list[bytes] = field(default_factory=list)
    _matrix: "array[int]" = field(default_factory=lambda: array("Q"))

    @property
    def cells(self) -> int:
        """Return how many samples there is room for."""
        return len(self.series) * len(self.rows)

    def differences(self, series: int) -> "array[int]":
        """Return the column of one series, as `bits.column` takes it."""
        if len(self._matrix) != self.cells:
            width = len(self.series) * bits.BYTES
            self._matrix = array("Q", b"".join(row.ljust(width, b"\0") for row in self.rows))
        return self._matrix[series :: len(self.series)]

    def columns(self, chosen: Sequence[int]) -> "Iterable[array[int]]":
        """Yield the columns of the series `chosen`."""
        return map(self.differences, chosen)


def read(path: Path) -> Table:
    """Return all whole frames of the file; OSError when it is gone. Anything else is an empty table."""
    data = path.read_bytes()
    table = Table()
    at = len(MAGIC)
    if data[:at] != MAGIC:
        return table
    while at + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        payload = data[at : at + length]
        at += length
        if len(payload) < length or length < _PAYLOAD.size or zlib.crc32(payload) != checksum:
            break
        time_ms, new_bytes = _PAYLOAD.unpack_from(payload)
        begin = _PAYLOAD.size + new_bytes
        table.series += dictionary.unpacked(payload[_PAYLOAD.size : begin])
        table.times_ms.append(time_ms)
        table.rows.append(bits.unshuffled(zlib.decompress(payload[begin:])))
    return table


class Head:
    """Writes such a file. Series of `before` that are not in the first row end in it."""

    def __init__(self, folder: Path, start_ms: int, before: Iterable[Labels] = ()) -> None:
        self._descriptor = -1
        self.path = folder / f"{start_ms}{SUFFIX}"
        self.start_ms = start_ms
        self.last_ms = start_ms - 1
        self.rows = 0
        self._unwritten = list(before)
        self._slots = {labels: slot for slot, labels in enumerate(self._unwritten)}
        self._live = set(self._slots.values())
        self._row = bits.ABSENT * len(self._slots)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        self._descriptor = os.open(self.path, flags, 0o600)
        self._size = 0

    @property
    def cells(self) -> int:
        """Return how many samples there is room for in the rows so far."""
        return self.rows * len(self._slots)

    @property
    def live(self) -> list[Labels]:
        """Return the series of the last row that have not ended."""
        live = self._live
        return [labels for labels, slot in self._slots.items() if slot in live]

    @property
    def removed(self) -> bool:
        """Whether somebody removed the file: then nobody can read what is written to it."""
        return os.fstat(self._descriptor).st_nlink == 0

    def append(self, time_ms: int, samples: Sequence[tuple[Labels, float]]) -> None:
        """Write a row; series that were in the one before and are not in `samples` end in it.

        OSError when it cannot be written: then nothing has happened.
        """
        slots = self._slots
        new = dict.fromkeys(labels for labels, _ in samples if labels not in slots)
        added = {labels: slot for slot, labels in enumerate(new, len(slots))}
        width = len(slots) + len(added)
        values = array("d", bits.ABSENT * width)
        live = set()
        for labels, value in samples:
            slot = slots[labels] if labels in slots else added[labels]
            values[slot] = value
            live.add(slot)
        for slot in self._live - live:
            values[slot] = STALE
        row = values.tobytes()
        before = self._row + bits.ABSENT * len(added)
        self._write(time_ms, [*self._unwritten, *added], bits.difference(row, before))
        self._slots |= added
        self._live, self._row, self._unwritten = live, row, []
        self.last_ms, self.rows = time_ms, self.rows + 1

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()

    def _write(self, time_ms: int, new: Iterable[Labels], difference: bytes) -> None:
        names = dictionary.packed(map(dictionary.text_of, new))
        payload = _PAYLOAD.pack(time_ms, len(names)) + names + zlib.compress(bits.shuffled(difference), 1)
        frame = _FRAME.pack(len(payload), zlib.crc32(payload)) + payload
        data = frame if self._size else MAGIC + frame
        try:
            written = os.write(self._descriptor, data)
            if written < len(data):
                raise OSError(f"only {written} of {len(data)} bytes were written")  # noqa: TRY301 - one way back
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)
