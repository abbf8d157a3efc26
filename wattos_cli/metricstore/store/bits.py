"""Rows of floats as bits: what differs, and an order of bytes in which equal ones stand together."""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from operator import xor

from wattos_cli.metricstore.series import STALE


def of(value: float) -> int:
    """Return the bits of `value`."""
    return int.from_bytes(array("d", [value]).tobytes(), "little")


BYTES = 8
# A NaN that no target exposes: a series has no sample in this row.
ABSENT_BITS = 0x7FF0000000000003
STALE_BITS = of(STALE)
ENDED = frozenset({STALE_BITS, ABSENT_BITS})
ABSENT = ABSENT_BITS.to_bytes(BYTES, "little")


def difference(row: bytes, before: bytes) -> bytes:
    """Return the bits in which two rows of the same length differ; of that and one row, the other."""
    return (int.from_bytes(row, "little") ^ int.from_bytes(before, "little")).to_bytes(len(row), "little")


def shuffled(data: bytes) -> bytes:
    """Return `data`, whole numbers of eight bytes, with all first bytes first, then all second, and so on."""
    return b"".join(data[position::BYTES] for position in range(BYTES))


def unshuffled(data: bytes) -> bytes:
    """Return what `shuffled` was given."""
    ordered = bytearray(len(data))
    count = len(data) // BYTES
    for position in range(BYTES):
        ordered[position::BYTES] = data[position * count : (position + 1) * count]
    return bytes(ordered)


def column(differences: "array[int]") -> "array[int]":
    """Return the bits of a column, given what differs from row to row."""
    return array("Q", accumulate(differences, xor, initial=ABSENT_BITS))[1:]


def present(column: "array[int]", times_ms: Sequence[int]) -> tuple["array[int]", "array[int]"]:
    """Return the bits of a column, and its times, without the rows in which there is no sample."""
    kept = [at for at, value in enumerate(column) if value != ABSENT_BITS]
    return array("Q", [column[at] for at in kept]), array("q", [times_ms[at] for at in kept])
