"""A store in memory: what the API asks of one."""

from collections.abc import Iterable, Mapping, Sequence

from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.series import Labels, Matcher, Series


class KeptMetrics:
    """Holds the series it is given."""

    def __init__(self, series: Iterable[Series], families: Mapping[str, list[Family]] | None = None) -> None:
        self._series = list(series)
        self._families = dict(families or {})

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        found = []
        for series in self._series:
            own = dict(series.labels)
            inside = [place for place, time in enumerate(series.times_ms) if start_ms <= time <= end_ms]
            if inside and all(matcher.matches(own.get(matcher.name, "")) for matcher in matchers):
                cut = slice(inside[0], inside[-1] + 1)
                found.append(Series(series.labels, series.times_ms[cut], series.values[cut]))
        return found

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> set[Labels]:
        return {series.labels for series in self.select(matchers, start_ms, end_ms)}

    def families(self) -> dict[str, list[Family]]:
        return self._families
