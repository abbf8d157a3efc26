"""By how much counters grew in a window, exactly: what `increase` extrapolates is counted here."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from wattos_cli.metricstore.promql.functions.rates import resets
from wattos_cli.metricstore.series import NAME, Matcher, Series, Source, is_stale

PROCESS_START = "process_start_time_seconds"
# A process that had run for longer when it was first seen has counted before anybody looked.
_FIRST_SCRAPE_S = 60.0
_LOOKBACK_MS = 300_000


@dataclass(frozen=True)
class CountedSource:
    """The counters of `source` with two samples each: 0 at `start_ms`, what they grew by since at `end_ms`.

    So the `increase` of just this window is a whole number wherever what is counted is one, and the same
    between two scrapes. When a process began, it says itself: a young one's first value counts too, which is
    what was asked of it before its first scrape; that of one which was seen again after a long pause, or of
    one that does not say, does not. A new one counts from 0, also when its values do not fall.
    """

    source: Source
    start_ms: int
    end_ms: int
    _found: dict[tuple[Matcher, ...], list[Series]] = field(default_factory=dict)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        """Yield the series that meet `matchers`; see `Source`."""
        key = tuple(matchers)
        if key not in self._found:
            self._found[key] = [
                Series(each.labels, (self.start_ms, self.end_ms), (0.0, self._grown(each)))
                for each in self._read(matchers)
                if each.times_ms[-1] >= self.start_ms
            ]
        for series in self._found[key]:
            cut = series.between(start_ms, end_ms)
            if cut is not None:
                yield cut

    def total(self, name: str) -> float:
        """Return by how much the counters called `name` grew, all together."""
        found = self.select([Matcher(NAME, "=", name)], self.start_ms, self.end_ms)
        return sum(series.values[-1] for series in found)

    def _read(self, matchers: Sequence[Matcher]) -> Iterator[Series]:
        """Yield the series of the window and somewhat before, without the marks of their ends."""
        for series in self.source.select(matchers, self.start_ms - _LOOKBACK_MS, self.end_ms):
            kept = [place for place, value in enumerate(series.values) if not is_stale(value)]
            if kept:
                times_ms = [series.times_ms[place] for place in kept]
                yield Series(series.labels, times_ms, [series.values[place] for place in kept])

    @cached_property
    def _processes(self) -> dict[str, Series]:
        """Return when the process of an instance began, as it said at each scrape."""
        found = self._read([Matcher(NAME, "=", PROCESS_START)])
        return {dict(series.labels).get("instance", ""): series for series in found}

    def _grown(self, series: Series) -> float:
        times_ms, values = series.times_ms, series.values
        process = self._processes.get(dict(series.labels).get("instance", ""))
        if times_ms[0] < self.start_ms:
            first = bisect_right(times_ms, self.start_ms) - 1
            before = values[first]
        else:
            first = 0
            before = 0.0 if process and _is_new(process, times_ms[0]) else values[0]
        begins = {first + place for place in resets(list(values[first:]))}
        if process:
            restarts = _restarts(process, times_ms[first])
            begins |= {bisect_left(times_ms, at_ms, first) for at_ms in restarts} - {first}
        counted = sum(values[place - 1] for place in begins if first < place < len(values))
        return values[-1] - before + counted


def _is_new(process: Series, at_ms: int) -> bool:
    """Return whether what shows first at `at_ms` had counted nothing before anybody looked."""
    place = max(bisect_right(process.times_ms, at_ms) - 1, 0)
    return place > 0 or at_ms / 1000 - process.values[place] <= _FIRST_SCRAPE_S


def _restarts(process: Series, since_ms: int) -> list[int]:
    """Return the times of the scrapes that found another process than there was, from `since_ms` on."""
    told = zip(process.times_ms[1:], pairwise(process.values), strict=True)
    found = [at_ms for at_ms, (before, after) in told if before != after]
    return [process.times_ms[0], *found] if process.values[0] * 1000 > since_ms else found
