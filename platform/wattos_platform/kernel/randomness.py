"""Random digits for ids, drawn from the system 4 KB at a time, since one system call for each costs 2 us."""

import os

DRAWN_BYTES = 4096


class RandomDigits:
    """Hands out the system's randomness as hex digits, each once; a forked child starts with none."""

    __slots__ = ("_drawn", "_used")

    def __init__(self) -> None:
        self._drawn = ""
        self._used = 0

    def take(self, count: int) -> str:
        """Return `count` hex digits, at most 8192."""
        begin = self._used
        self._used = end = begin + count
        if end > len(self._drawn):
            self._drawn, self._used = os.urandom(DRAWN_BYTES).hex(), count
            return self._drawn[:count]
        return self._drawn[begin:end]

    def forget(self) -> None:
        """Hand out nothing more of what was drawn."""
        self._drawn, self._used = "", 0


_ids = RandomDigits()
os.register_at_fork(after_in_child=_ids.forget)
# For ids, at most 8192 digits at a time; secrets are drawn by `os.urandom` itself.
random_digits = _ids.take
