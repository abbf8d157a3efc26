"""By how much counters grew in a window, exactly: what `increase` extrapolates is counted here."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wattos_cli.metricstore.promql.functions.rates import resets
from wattos_cli.metricstore.series import Matcher, Series, Source, is_stale

# A process that had been up for longer when it was first scraped had been scraped before, or is not ours.
_FIRST_SCRAPE_MS = 60_000
_LOOKBACK_MS = 300_000


@dataclass(frozen=True)
class CountedSource:
    """The counters of `source` with two samples each: 0 at `start_ms`, what they grew by since at `end_ms`.

    So the `increase` of just this window is a whole number wherever what is counted is one, and the same
    between two scrapes. A counter that was not there before the window grew by its first value too, which
    is what was asked between the start of a service and its first scrape; not so one of a process that has
    run for long when it is seen for the first time after a pause. `began_ms` says since when those of an
    instance run, as far as that is known.
    """

    source: Source
    start_ms: int
    end_ms: int
    began_ms: Mapping[str, int] = field(default_factory=dict)
    _found: dict[tuple[Matcher, ...], list[Series]] = field(default_factory=dict)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        """Yield the series that meet `matchers`; see `Source`."""
        key = tuple(matchers)
        if key not in self._found:
            read = self.source.select(matchers, self.start_ms - _LOOKBACK_MS, self.end_ms)
            self._found[key] = [
                Series(each.labels, (self.start_ms, self.end_ms), (0.0, grown))
                for each in read
                if (grown := self._grown(each)) is not None
            ]
        for series in self._found[key]:
            cut = series.between(start_ms, end_ms)
            if cut is not None:
                yield cut

    def _grown(self, series: Series) -> float | None:
        """Return by how much it grew, None for one that has no sample in the window."""
        kept = [
            (time_ms, value)
            for time_ms, value in zip(series.times_ms, series.values, strict=True)
            if not is_stale(value)
        ]
        times_ms, values = [time_ms for time_ms, _ in kept], [value for _, value in kept]
        if not times_ms or times_ms[-1] < self.start_ms:
            return None
        began_ms = self.began_ms.get(dict(series.labels).get("instance", ""))
        if times_ms[0] < self.start_ms:
            first = bisect_right(times_ms, self.start_ms) - 1
            before = values[first]
        else:
            first = 0
            is_new = began_ms is None or times_ms[0] - began_ms <= _FIRST_SCRAPE_MS
            before = 0.0 if is_new else values[0]
        begins = {first + place for place in resets(values[first:])}
        if began_ms is not None and times_ms[first] < began_ms <= times_ms[-1]:
            begins.add(bisect_right(times_ms, began_ms - 1))
        return values[-1] - before + sum(values[place - 1] for place in begins)
