"""Vectors of the spaces searched last, as memory-mapped matrices whose pages the kernel may drop at any time.

The files are unlinked scratch: nothing is left after a crash, nothing can be stale after a restart. A matrix
follows the database by chunk keys, which are never used twice: new rows are appended, removed ones drop out.
Imports numpy, so import this only when vectors are searched.
"""

import asyncio
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wattos_platform.services.rag.domain.records import Space
from wattos_platform.services.rag.ports import VectorPages, VectorsUnusableError

MAX_BYTES = 2_000_000_000
MAX_SPACES = 64
_BLOCK_ROWS = 65_536
_FIRST_ROWS = 1024


@dataclass(slots=True)
class _Matrix:
    """`keys[i]` is the chunk of `rows[i]`; rows beyond `len(keys)` are room."""

    version: int
    keys: NDArray[np.int64]
    rows: NDArray[np.float32]


class Matrices:
    """A bounded set of matrices in files under `folder`; searching runs in one thread of its own."""

    def __init__(
        self, store: VectorPages, folder: Path, *, max_spaces: int = MAX_SPACES, max_bytes: int = MAX_BYTES
    ) -> None:
        self._max_spaces = max_spaces
        self._max_bytes = max_bytes
        self._store = store
        self._folder = folder
        self._held: OrderedDict[int, _Matrix] = OrderedDict()
        self._locks: dict[int, asyncio.Lock] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="vectors")

    async def search(
        self, space: Space, query: bytes, count: int, allowed: Sequence[int] | None, also: Sequence[int]
    ) -> dict[int, float]:
        """See VectorIndex."""
        try:
            matrix = await self._current(space)
        except OSError as error:
            raise VectorsUnusableError(f"no room for the vectors of a space: {error.strerror}") from error
        vector = np.frombuffer(query, dtype="<f4")
        if vector.size != matrix.rows.shape[1]:
            raise VectorsUnusableError(
                f"a query of {vector.size} dimensions in a space of {matrix.rows.shape[1]}"
            )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _nearest, matrix, vector, count, allowed, also)

    def close(self) -> None:
        """Let the thread and the files go."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._held.clear()

    async def _current(self, space: Space) -> _Matrix:
        async with self._locks.setdefault(space.key, asyncio.Lock()):
            held = self._held.get(space.key)
            if held is None or held.version != space.version:
                held = await self._refreshed(space, held)
                self._held[space.key] = held
            self._held.move_to_end(space.key)
        self._evict(space.key)
        return held

    async def _refreshed(self, space: Space, held: _Matrix | None) -> _Matrix:
        """Return a matrix of what the database holds now; `held` stays usable for searches that run."""
        dimension = space.embedding_dimension or 0
        wanted = np.asarray(await self._store.keys(space), dtype=np.int64)
        loop = asyncio.get_running_loop()
        if held is None or held.rows.shape[1] != dimension:
            held = _Matrix(-1, np.empty(0, np.int64), self._room(0, dimension))
        base = await loop.run_in_executor(self._pool, self._kept, held, wanted)
        last = int(held.keys[-1]) if held.keys.size else 0
        wanted_new = wanted[wanted > last]
        while wanted_new.size and last < wanted_new[-1]:
            page = await self._store.page(space, last)
            if not page:
                break
            last = page[-1][0]
            base = await loop.run_in_executor(self._pool, self._appended, base, page, wanted_new)
        base.version = space.version
        return base

    def _kept(self, held: _Matrix, wanted: NDArray[np.int64]) -> _Matrix:
        keep = np.isin(held.keys, wanted)
        if keep.all():
            return _Matrix(held.version, held.keys, held.rows)
        keys = held.keys[keep]
        rows = self._room(keys.size, held.rows.shape[1])
        rows[: keys.size] = held.rows[: held.keys.size][keep]
        return _Matrix(held.version, keys, rows)

    def _appended(self, base: _Matrix, page: list[tuple[int, bytes]], wanted: NDArray[np.int64]) -> _Matrix:
        known = set(wanted.tolist())
        fresh = [(key, vector) for key, vector in page if key in known]
        count, size = base.keys.size, base.keys.size + len(fresh)
        rows = base.rows
        if size > rows.shape[0]:
            rows = self._room(size, rows.shape[1])
            rows[:count] = base.rows[:count]
        # Searches that run see the first `count` rows only: appending does not disturb them.
        for at, (_, vector) in enumerate(fresh, start=count):
            rows[at] = np.frombuffer(vector, dtype="<f4")
        keys = np.concatenate([base.keys, np.asarray([key for key, _ in fresh], dtype=np.int64)])
        return _Matrix(base.version, keys, rows)

    def _room(self, rows: int, dimension: int) -> NDArray[np.float32]:
        capacity = max(_FIRST_ROWS, rows + rows // 2)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder) as file:  # unlinked; the mapping keeps it alive
            return np.memmap(file, dtype=np.float32, mode="w+", shape=(capacity, max(dimension, 1)))

    def _evict(self, kept: int) -> None:
        def total() -> int:
            return sum(matrix.rows.nbytes for matrix in self._held.values())

        while len(self._held) > 1 and (len(self._held) > self._max_spaces or total() > self._max_bytes):
            oldest = next(key for key in self._held if key != kept)
            del self._held[oldest]
            self._locks.pop(oldest, None)


def _nearest(
    matrix: _Matrix,
    vector: NDArray[np.float32],
    count: int,
    allowed: Sequence[int] | None,
    also: Sequence[int],
) -> dict[int, float]:
    size = matrix.keys.size
    scores = np.empty(size, dtype=np.float32)
    for start in range(0, size, _BLOCK_ROWS):  # block by block, so that a huge matrix need not be resident
        stop = min(start + _BLOCK_ROWS, size)
        np.dot(matrix.rows[start:stop], vector, out=scores[start:stop])
    extra = np.flatnonzero(np.isin(matrix.keys, np.asarray(also, dtype=np.int64)))
    found = {int(matrix.keys[at]): float(scores[at]) for at in extra}
    if allowed is not None:
        scores[~np.isin(matrix.keys, np.asarray(allowed, dtype=np.int64))] = -np.inf
    best = np.argpartition(-scores, count - 1)[:count] if size > count else np.arange(size)
    return found | {int(matrix.keys[at]): float(scores[at]) for at in best if scores[at] > -np.inf}
