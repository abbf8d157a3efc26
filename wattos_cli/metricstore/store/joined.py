"""The samples of one target, joined from file to file, and the 0 that a counter began with.

A counter that a target shows for the first time has counted since the scrape before: it stood at 0 then,
if that scrape succeeded. Without that sample a first burst of errors would never be a rate. Files do not
have it: it is put in when they are read, as Prometheus puts one in for a created timestamp.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.families import is_counter
from wattos_cli.metricstore.series import NAME, Labels
from wattos_cli.metricstore.store import bits, descriptions, dictionary
from wattos_cli.metricstore.store.block import Block
from wattos_cli.metricstore.store.head import Table

_UP_BITS = bits.of(1.0)
_ZERO_BITS = bits.of(0.0)
_UP = dictionary.text_of(((NAME, "up"),))[1:-1]


@dataclass(slots=True)
class Samples:
    """The samples of one series so far, and which file, from 0, had it last."""

    times_ms: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    last_file: int = -1


class Joined:
    """Joins the files of `target`, a folder, which are added oldest first."""

    def __init__(self, target: Path) -> None:
        self.found: dict[Labels, Samples] = {}
        self._target = target
        self._file = -1
        self._before: _Scrapes | None = None

    def add(self, chunk: Block | Table, chosen: Sequence[tuple[int, Labels]]) -> None:
        """Add the samples of the `chosen` series of the next file."""
        self._file += 1
        scrapes, before = _Scrapes(chunk), self._before
        self._before = scrapes
        columns = chunk.columns([place for place, _ in chosen])
        for (_, labels), differences in zip(chosen, columns, strict=True):
            column = bits.column(differences)
            samples = self.found.setdefault(labels, Samples())
            if samples.last_file < self._file - 1:
                self._begin_before(samples, labels, column[0], before)
            times_ms = scrapes.times_ms
            if bits.ABSENT_BITS in column:
                if self._is_counter(labels):
                    _begin(column, scrapes.ups)
                column, times_ms = bits.present(column, times_ms)
            samples.times_ms.extend(times_ms)
            samples.values.frombytes(column.tobytes())
            samples.last_file = self._file

    def _begin_before(self, samples: Samples, labels: Labels, first: int, before: "_Scrapes | None") -> None:
        """Put 0 into the last row of the file before, for a counter that only the next one has."""
        if before is None or first in bits.ENDED or not self._is_counter(labels):
            return
        if before.ups and before.ups[-1] == _UP_BITS:
            samples.times_ms.append(before.times_ms[-1])
            samples.values.append(0.0)

    def _is_counter(self, labels: Labels) -> bool:
        return is_counter(dict(labels)[NAME], self._families)

    @cached_property
    def _families(self) -> Mapping[str, Family]:
        return descriptions.read(self._target)


class _Scrapes:
    """The rows of a file: when they were scraped and whether that succeeded, read when it matters."""

    def __init__(self, chunk: Block | Table) -> None:
        self._chunk = chunk

    @cached_property
    def times_ms(self) -> "array[int]":
        return self._chunk.times_ms

    @cached_property
    def ups(self) -> "array[int]":
        chunk = self._chunk
        series = dictionary.unpacked(chunk.names) if isinstance(chunk, Block) else chunk.series
        place = next((at for at, text in enumerate(series) if _is_up(text)), None)
        return array("Q") if place is None else bits.column(next(iter(chunk.columns([place]))))


def _is_up(text: str) -> bool:
    return _UP in text and dict(dictionary.labels_of(text))[NAME] == "up"


def _begin(column: "array[int]", ups: "array[int]") -> None:
    """Put 0 into the row before each in which a counter begins.

    It begins at its first sample, and again at the first after its target was down. One that was gone for
    some scrapes of a target that answered goes on: a line that could not be read is no restart.
    """
    begins, answered = True, False
    for at, (value, up) in enumerate(zip(column, ups, strict=False)):
        answers = up == _UP_BITS
        if value == bits.ABSENT_BITS:
            begins = begins or not answers
        else:
            if begins and answered and value != bits.STALE_BITS and column[at - 1] == bits.ABSENT_BITS:
                column[at - 1] = _ZERO_BITS
            begins = not answers
        answered = answers
