"""Identifiers that sort by time of creation."""

import time

from wattos_platform.kernel.randomness import random_bytes

_COUNTER_MAX = 0xFFF
_last = [0, 0]  # milliseconds and counter of the previous id


def uuid7() -> str:
    """Return a UUID of version 7: 48 bits of milliseconds, then a counter and random bits.

    Later calls of one process sort after earlier ones, also within a millisecond. Source: RFC 9562, 5.7 and
    6.2 (method 1: a 12-bit counter, seeded low, that borrows from the clock when it runs over).
    """
    now_ms = time.time_ns() // 1_000_000
    last_ms, counter = _last
    if now_ms > last_ms:
        counter = random_bytes(1)[0]
    else:
        now_ms, counter = last_ms, counter + 1
        if counter > _COUNTER_MAX:
            now_ms, counter = last_ms + 1, 0
    _last[:] = (now_ms, counter)
    high = now_ms << 16 | 0x7000 | counter
    low = 0x8000_0000_0000_0000 | (int.from_bytes(random_bytes(8)) >> 2)
    digits = f"{high:016x}{low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
