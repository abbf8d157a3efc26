"""A source of series in memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from wattos_cli.metricstore.series import NAME, Labels, Matcher, Series


def labels(name: str, **others: str) -> Labels:
    """Return the labels of a series called `name`."""
    return tuple(sorted({NAME: name, **others}.items()))


class SeriesInMemory:
    """Implements `Source` over samples that tests add."""

    def __init__(self, series: Mapping[Labels, Iterable[tuple[int, float]]] | None = None) -> None:
        self._samples: dict[Labels, dict[int, float]] = {}
        for key, samples in (series or {}).items():
            self.add(key, samples)

    def add(self, key: Labels, samples: Iterable[tuple[int, float]]) -> None:
        """Add samples (time in milliseconds, value) to the series of those labels."""
        self._samples.setdefault(key, {}).update(samples)

    def clear(self) -> None:
        """Forget everything."""
        self._samples.clear()

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        """See `Source`."""
        for key, samples in self._samples.items():
            own = dict(key)
            if not all(matcher.matches(own.get(matcher.name, "")) for matcher in matchers):
                continue
            times = sorted(time for time in samples if start_ms <= time <= end_ms)
            if times:
                yield Series(key, times, [samples[time] for time in times])
