"""Series of some metrics read once, for many questions about the same time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from wattos_cli.metricstore.series import NAME, Matcher, Series, Source


class PrefetchedSource:
    """A Source with the metrics `names` of `source` between two times, in memory.

    It has nothing of other metrics and times. What selects no name is looked for in all that was gathered.
    """

    def __init__(self, source: Source, names: Iterable[str], start_ms: int, end_ms: int) -> None:
        self._by_name: dict[str, list[tuple[Mapping[str, str], Series]]] = {}
        self._chosen: dict[tuple[Matcher, ...], list[Series]] = {}
        wanted = Matcher(NAME, "=~", "|".join(sorted(names)))
        for series in source.select([wanted], start_ms, end_ms):
            own = dict(series.labels)
            self._by_name.setdefault(own[NAME], []).append((own, series))

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        """Yield the series that meet `matchers`, with their samples from `start_ms` through `end_ms`."""
        key = tuple(matchers)
        if key not in self._chosen:
            self._chosen[key] = self._meeting(matchers)
        for series in self._chosen[key]:
            cut = series.between(start_ms, end_ms)
            if cut is not None:
                yield cut

    def _meeting(self, matchers: Sequence[Matcher]) -> list[Series]:
        named = [matcher.value for matcher in matchers if matcher.name == NAME and matcher.op == "="]
        return [
            series
            for name in named[:1] or self._by_name
            for own, series in self._by_name.get(name, ())
            if all(matcher.matches(own.get(matcher.name, "")) for matcher in matchers)
        ]
