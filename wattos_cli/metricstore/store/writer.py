"""The one writer of the store: a row for each scrape, quarters of an hour sealed, old ones removed."""

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import xor
from pathlib import Path

from wattos_cli.metricstore.exposition import Family, Sample
from wattos_cli.metricstore.series import Labels
from wattos_cli.metricstore.store import bits, block, descriptions, files, head
from wattos_cli.metricstore.store.head import Head, Table
from wattos_cli.metricstore.store.retention import Keep, enforce

# A file is sealed when it spans so much time, or holds so many samples: sealing takes 8 bytes of memory each.
SPAN_MS = 15 * 60 * 1000
MOST_CELLS = 250_000
# So far ahead of the clock, a row is a mistake; longer than a span, so that no file has such rows and others.
FUTURE_MS = 60 * 60 * 1000


class Writer:
    """Appends samples per target. Not for more than one thread, nor for two processes on one folder."""

    def __init__(
        self, folder: Path, keep: Keep, *, now_ms: int, interval_ms: int, most_cells: int = MOST_CELLS
    ) -> None:
        """Seal what an earlier writer left open.

        Its series end now, or an `interval_ms` after their last sample if that was earlier.
        OSError when the folder cannot be written.
        """
        self._folder = folder
        self._keep = keep
        self._most_cells = most_cells
        self._heads: dict[str, Head] = {}
        self._last_ms: dict[str, int] = {}
        self._families: dict[str, dict[str, Family]] = {}
        self.dropped: Counter[str] = Counter()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for target in files.targets(folder):
            _recover(target, now_ms, interval_ms)
            self._last_ms[target.name] = files.last_ms(target)
        enforce(folder, keep, min(now_ms, max(self._last_ms.values(), default=now_ms)))

    def append(self, target: str, time_ms: int, samples: Sequence[Sample]) -> bool:
        """Write the samples of one scrape; series of the one before that are not in it end with it.

        Returns False when `time_ms` is not after the last row: then they are dropped, and counted in
        `dropped`. When it is an hour or more before that, the clock was wrong then, and what it made is
        removed. OSError when they, or the block that a full head becomes, cannot be written.
        """
        last_ms = self._last_ms.get(target, -1)
        if last_ms - time_ms >= FUTURE_MS:
            self._forget_future(target, time_ms)
        elif time_ms <= last_ms:
            self.dropped[target] += len(samples)
            return False
        current = self._present(target)
        if current is None:
            self._heads[target] = self._begun(target, time_ms, samples)
        elif current.cells >= self._most_cells or time_ms - current.start_ms >= SPAN_MS:
            self._heads[target] = self._begun(target, time_ms, samples, current.live)
        else:
            current.append(time_ms, samples)
        self._last_ms[target] = time_ms
        if current is not None and self._heads[target] is not current:
            self._retire(current)
        return True

    def describe(self, target: str, families: Mapping[str, Family]) -> None:
        """Keep what the target says of its metrics, unless it is known already; OSError."""
        if families != self._families.get(target):
            descriptions.write(self._folder / target, families)
            self._families[target] = dict(families)

    def end(self, target: str, time_ms: int) -> None:
        """End all series of a target that is gone; OSError."""
        current = self._present(target)
        if current is None:
            return
        del self._heads[target]
        with contextlib.closing(current):
            if current.live:
                current.append(max(time_ms, current.last_ms + 1), ())
                self._last_ms[target] = current.last_ms
        _seal(current.path, head.read(current.path))

    def close(self, time_ms: int) -> None:
        """End all series of all targets; OSError, the first, when some could not be ended."""
        failures = []
        for target in list(self._heads):
            try:
                self.end(target, time_ms)
            except OSError as failure:
                failures.append(failure)
        if failures:
            raise failures[0]

    def _forget_future(self, target: str, time_ms: int) -> None:
        current = self._heads.pop(target, None)
        if current is not None:
            current.close()
        folder = self._folder / target
        last_ms = _remove_from(folder, time_ms)
        _recover(folder, time_ms, 0)
        self._last_ms[target] = max(last_ms, files.last_ms(folder))

    def _present(self, target: str) -> Head | None:
        """Return what is being written for `target`; None if nothing is, or somebody removed it."""
        current = self._heads.get(target)
        if current is None or not current.removed:
            return current
        current.close()
        del self._heads[target]
        self._families.pop(target, None)
        return None

    def _begun(
        self, target: str, time_ms: int, samples: Sequence[Sample], before: Iterable[Labels] = ()
    ) -> Head:
        """Return a new head with its first row, in which the series of `before` go on or end."""
        folder = self._folder / target
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = Head(folder, time_ms, before)
        try:
            fresh.append(time_ms, samples)
        except OSError:
            fresh.close()
            fresh.path.unlink()
            raise
        return fresh

    def _retire(self, full: Head) -> None:
        """Seal a head whose successor is being written, and any that could not be sealed before."""
        full.close()
        for path in files.heads(full.path.parent)[:-1]:
            _seal(path, head.read(path))
        # By the last row, not the new one: a clock that is wrong for a moment must not cost all that is kept.
        enforce(self._folder, self._keep, full.last_ms)


def _remove_from(folder: Path, time_ms: int) -> int:
    """Remove the files that begin at `time_ms` or later; return the time of the last row that is left."""
    for path in (*(each.path for each in files.blocks(folder)), *files.heads(folder)):
        if int(path.stem.partition("-")[0]) >= time_ms:
            path.unlink()
    return files.last_ms(folder)


def _recover(folder: Path, now_ms: int, interval_ms: int) -> None:
    """Seal the files that a writer left open; the series of the last one end."""
    for path in folder.glob("*.new"):
        path.unlink()
    left = {path: head.read(path) for path in files.heads(folder)}
    last = next((path for path, table in reversed(left.items()) if table.rows), None)
    for path, table in left.items():
        if path == last:
            last_ms = table.times_ms[-1]
            _end(table, max(last_ms + 1, min(now_ms, last_ms + interval_ms)))
        _seal(path, table)


def _seal(path: Path, table: Table) -> None:
    """Put a block in the place of a head; one that was sealed already is not sealed twice."""
    sealed = {each.start_ms for each in files.blocks(path.parent)}
    if table.rows and table.times_ms[0] not in sealed:
        block.write(path.parent, table)
    path.unlink()


def _end(table: Table, time_ms: int) -> None:
    """Add a row to `table` in which every series ends that has not ended."""
    ending = bytearray()
    for series in range(len(table.series)):
        last = reduce(xor, table.differences(series), bits.ABSENT_BITS)
        now = bits.ABSENT_BITS if last in bits.ENDED else bits.STALE_BITS
        ending += (last ^ now).to_bytes(bits.BYTES, "little")
    table.rows.append(bytes(ending))
    table.times_ms.append(time_ms)
