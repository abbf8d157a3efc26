"""The store as queries see it: series from blocks and from what is just being written, in one piece."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.series import Labels, Matcher, Series
from wattos_cli.metricstore.store import descriptions, dictionary, files, head
from wattos_cli.metricstore.store.block import Block, DamagedError
from wattos_cli.metricstore.store.head import Table
from wattos_cli.metricstore.store.joined import Joined
from wattos_cli.metricstore.store.retention import size_bytes

# Rows of heads that are kept between two queries, counted in samples of eight bytes.
_CELLS_KEPT = 1_000_000
_ATTEMPTS = 5
_LATEST_MS = 2**62


class _Choice:
    """Which series of a dictionary meet the matchers; a dictionary that was seen is not looked at again.

    What a series must have literally is looked for in its text first: most are left out by that alone.
    """

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        exact = [each for each in matchers if each.op == "=" and each.value]
        self._literals = [dictionary.text_of(((each.name, each.value),))[1:-1] for each in exact]
        self._matchers = matchers
        self._verdicts: dict[str, Labels | None] = {}
        self._dictionaries: dict[bytes, list[tuple[int, Labels]]] = {}

    def among(self, texts: Iterable[str]) -> list[tuple[int, Labels]]:
        """Return place and labels of those that do, in order."""
        verdicts = self._verdicts
        chosen = []
        for place, text in enumerate(texts):
            if text not in verdicts:
                verdicts[text] = self._verdict(text)
            labels = verdicts[text]
            if labels is not None:
                chosen.append((place, labels))
        return chosen

    def among_packed(self, names: bytes) -> list[tuple[int, Labels]]:
        """Return the same of a packed dictionary."""
        if names not in self._dictionaries:
            self._dictionaries[names] = self.among(dictionary.unpacked(names))
        return self._dictionaries[names]

    def _verdict(self, text: str) -> Labels | None:
        if not all(literal in text for literal in self._literals):
            return None
        labels = dictionary.labels_of(text)
        own = dict(labels)
        return labels if all(each.matches(own.get(each.name, "")) for each in self._matchers) else None


class Reader:
    """A Source over the folder of a store, of a running platform or of one that is long gone.

    `damaged` names the files that were passed over because they are not what was written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tables: OrderedDict[Path, tuple[int, Table]] = OrderedDict()
        self.damaged: set[Path] = set()

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        """Yield the series that meet `matchers`, with their samples from `start_ms` through `end_ms`."""
        choice = _Choice(matchers)
        for target in files.targets(self._folder):
            joined = Joined(target)
            for chunk in self._chunks(target, start_ms, end_ms):
                joined.add(chunk, _chosen(chunk, choice))
            for labels, samples in joined.found.items():
                cut = Series(labels, samples.times_ms, samples.values).between(start_ms, end_ms)
                if cut is not None:
                    yield cut

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> set[Labels]:
        """Return the labels of the series that meet `matchers` in the files of that time."""
        choice = _Choice(matchers)
        return {
            labels
            for target in files.targets(self._folder)
            for chunk in self._chunks(target, start_ms, end_ms)
            for _, labels in _chosen(chunk, choice)
        }

    def families(self) -> dict[str, list[Family]]:
        """Return what targets say of each metric, each different saying once."""
        said: dict[str, list[Family]] = {}
        for target in files.targets(self._folder):
            for name, family in descriptions.read(target).items():
                known = said.setdefault(name, [])
                if family not in known:
                    known.append(family)
        return said

    def size_bytes(self) -> int:
        """Return how much all files take on disk."""
        return size_bytes(self._folder)

    def last_ms(self) -> int | None:
        """Return the time of the newest row, None when there is none."""
        targets = files.targets(self._folder)  # listed once: others may come or go meanwhile
        newest = max((files.last_ms(target) for target in targets), default=-1)
        for target in targets:
            for chunk in self._chunks(target, newest, _LATEST_MS):
                newest = max(newest, chunk.times_ms[-1])
        return newest if newest >= 0 else None

    def _chunks(self, target: Path, start_ms: int, end_ms: int) -> "list[Block | Table]":
        """Return the files of that time, oldest first."""
        for _ in range(_ATTEMPTS):
            try:
                return self._opened(target, start_ms, end_ms)
            except FileNotFoundError:
                continue  # sealed or removed since it was listed
        return []

    def _opened(self, target: Path, start_ms: int, end_ms: int) -> "list[Block | Table]":
        # Heads first: one that is sealed in this moment is then seen twice, not missed.
        tables = self._heads(target)
        sealed = files.blocks(target)
        newest_ms = sealed[-1].end_ms if sealed else -1
        chunks: list[Block | Table] = []
        for each in sealed:
            if each.start_ms <= end_ms and each.end_ms >= start_ms:
                try:
                    chunks.append(Block(each.path))
                except DamagedError:
                    self.damaged.add(each.path)
        # What began before the newest block was sealed since it was read, and may have been removed already.
        chunks += [
            table
            for table in tables
            if table.rows and table.times_ms[0] > newest_ms and table.times_ms[-1] >= start_ms
        ]
        return chunks

    def _heads(self, target: Path) -> list[Table]:
        tables = []
        for path in files.heads(target):
            size = path.stat().st_size
            known = self._tables.pop(path, None)
            table = known[1] if known and known[0] == size else head.read(path)
            self._tables[path] = (size, table)
            tables.append(table)
        while len(self._tables) > 1 and sum(table.cells for _, table in self._tables.values()) > _CELLS_KEPT:
            self._tables.popitem(last=False)
        return tables


def _chosen(chunk: "Block | Table", choice: _Choice) -> list[tuple[int, Labels]]:
    return choice.among_packed(chunk.names) if isinstance(chunk, Block) else choice.among(chunk.series)
