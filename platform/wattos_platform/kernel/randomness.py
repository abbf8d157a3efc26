"""Random bytes for ids, drawn from the system 4 KB at a time, since one system call for each costs 2 us."""

import os

DRAWN_BYTES = 4096


class RandomBytes:
    """Hands out the bytes of the system's random source, each once; a forked child starts with none."""

    __slots__ = ("_drawn", "_used")

    def __init__(self) -> None:
        self._drawn = b""
        self._used = 0

    def take(self, size: int) -> bytes:
        """Return `size` bytes, at most 4096."""
        end = self._used + size
        if end > len(self._drawn):
            self._drawn, self._used, end = os.urandom(DRAWN_BYTES), 0, size
        piece = self._drawn[self._used : end]
        self._used = end
        return piece

    def forget(self) -> None:
        """Hand out nothing more of what was drawn."""
        self._drawn, self._used = b"", 0


_ids = RandomBytes()
os.register_at_fork(after_in_child=_ids.forget)


def random_bytes(size: int) -> bytes:
    """Return `size` (at most 4096) random bytes for ids; secrets are drawn by `os.urandom` itself."""
    return _ids.take(size)
