"""A source that reads the same series once, for questions that overlap."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattos_cli.metricstore.series import Matcher, Series, Source

_MOST_SAMPLES = 8_000_000


@dataclass(frozen=True)
class _Read:
    start_ms: int
    end_ms: int
    series: list[Series]

    @property
    def samples(self) -> int:
        return sum(len(each.times_ms) for each in self.series)


class CachedSource:
    """`source`, whose answers are kept up to `most_samples`: the least used go first.

    Twice the time that is asked for is read, so that the same question a little earlier needs no reading.
    What is written meanwhile may be missed: meant for the questions of one moment.
    """

    def __init__(self, source: Source, most_samples: int = _MOST_SAMPLES) -> None:
        self._source = source
        self._most_samples = most_samples
        self._kept: OrderedDict[tuple[Matcher, ...], _Read] = OrderedDict()

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        """Yield the series that meet `matchers`; see `Source`."""
        for series in self._read(tuple(matchers), start_ms, end_ms).series:
            cut = series.between(start_ms, end_ms)
            if cut is not None:
                yield cut

    def _read(self, matchers: tuple[Matcher, ...], start_ms: int, end_ms: int) -> _Read:
        kept = self._kept.get(matchers)
        if kept is None or kept.start_ms > start_ms or kept.end_ms < end_ms:
            earlier_ms = start_ms - (end_ms - start_ms)
            kept = _Read(earlier_ms, end_ms, list(self._source.select(matchers, earlier_ms, end_ms)))
        self._kept[matchers] = kept
        self._kept.move_to_end(matchers)
        self._forget()
        return kept

    def _forget(self) -> None:
        total = sum(each.samples for each in self._kept.values())
        while total > self._most_samples and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            total -= oldest.samples
