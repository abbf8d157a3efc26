"""Identifiers that sort by time of creation."""

import time

from wattos_platform.kernel.randomness import random_digits

_COUNTER_MAX = 0xFFF
# The first digit of the fourth group: the two bits of the variant, then two random ones.
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class _Series:
    """Where the ids of this process stand: a millisecond, its digits, and the counter within it."""

    __slots__ = ("counter", "head", "ms")

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, ms: int) -> None:
        """Go on to a later millisecond."""
        digits = f"{ms:012x}"
        self.ms = ms
        self.head = f"{digits[:8]}-{digits[8:]}-7"
        self.counter = int(random_digits(2), 16)


_series = _Series()


def uuid7() -> str:
    """Return a UUID of version 7: 48 bits of milliseconds, then a counter and random bits.

    Later calls of one process sort after earlier ones, also within a millisecond. Source: RFC 9562, 5.7 and
    6.2 (method 1: a 12-bit counter, seeded low, that borrows from the clock when it runs over).
    """
    series = _series
    now_ms = time.time_ns() // 1_000_000
    if now_ms > series.ms:
        series.begin(now_ms)
    elif series.counter < _COUNTER_MAX:
        series.counter += 1
    else:
        series.begin(series.ms + 1)
    tail = random_digits(16)
    return f"{series.head}{series.counter:03x}-{_VARIANT[tail[0]]}{tail[1:4]}-{tail[4:]}"
