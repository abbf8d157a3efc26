"""What counters grew by in a window: whole, from the very values, through restarts and pauses."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from wattos_cli.metricstore.counted import PROCESS_START, CountedSource
from wattos_cli.metricstore.series import NAME, STALE, Matcher, Series

START_MS, END_MS = 100_000, 130_000
INSTANCE = (("instance", "chat-0"), ("job", "chat"))
LABELS = ((NAME, "a_total"), *INSTANCE)
NAMED = [Matcher(NAME, "=", "a_total")]


class Kept:
    """A source of a counter, and of when its process began; it counts how often the counter is read."""

    def __init__(self, samples: Mapping[int, float], process: Mapping[int, float]) -> None:
        self.reads = 0
        self._series = {"a_total": _series("a_total", samples)}
        if process:
            self._series[PROCESS_START] = _series(PROCESS_START, process)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        (name,) = (each.value for each in matchers)
        self.reads += name == "a_total"
        cut = self._series[name].between(start_ms, end_ms) if name in self._series else None
        if cut is not None:
            yield cut


def _series(name: str, samples: Mapping[int, float]) -> Series:
    times_ms = [at_s * 1000 for at_s in samples]
    return Series(((NAME, name), *INSTANCE), times_ms, list(samples.values()))


def grown(samples: Mapping[int, float], process: Mapping[int, float]) -> float | None:
    counted = CountedSource(Kept(samples, process), START_MS, END_MS)
    found = list(counted.select(NAMED, START_MS, END_MS))
    if not found:
        return None
    (series,) = found
    assert (series.labels, list(series.times_ms), series.values[0]) == (LABELS, [START_MS, END_MS], 0.0)
    return series.values[1]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ({95: 3, 100: 4, 105: 6, 130: 9}, 5),
        ({98: 3, 103: 4, 128: 9}, 6),
        ({98: 3, 103: 3, 128: 3, 131: 9}, 0),
        ({100: 4, 105: 6}, 2),
        ({105: 4, 110: 6}, 2),
        ({130: 4}, 0),
        ({90: 4, 99: 5}, None),
        ({131: 4}, None),
        ({95: 8, 105: 10, 110: 2, 115: 5}, 7),
        ({95: 8, 105: 2, 110: 5, 115: 1}, 6),
        ({95: 8, 105: 9, 106: STALE, 120: 9}, 1),
    ],
    ids=[
        "a sample where it begins", "a sample before it begins", "nothing", "first where it begins",
        "first later", "only one", "ended before", "not yet", "a restart", "a restart at once, and again",
        "a scrape that failed",
    ],
)  # fmt: skip
def test_it_is_counted(samples: Mapping[int, float], expected: float | None) -> None:
    assert grown(samples, {}) == expected


@pytest.mark.parametrize(
    ("samples", "process", "expected"),
    [
        ({100: 4, 105: 6}, {100: 98.5, 105: 98.5}, 6),
        ({105: 4, 110: 6}, {105: 45.0, 110: 45.0}, 6),
        ({105: 4, 110: 6}, {105: 44.9, 110: 44.9}, 2),
        ({110: 4, 115: 6}, {105: 5.0, 110: 5.0, 115: 5.0}, 6),
        ({95: 3, 105: 20, 110: 21}, {95: 5.0, 105: 104.0, 110: 104.0}, 21),
        ({95: 30, 105: 20, 110: 21}, {95: 5.0, 105: 104.0, 110: 104.0}, 21),
        ({95: 3, 110: 20}, {95: 5.0, 98: 97.0, 105: 97.0, 110: 97.0}, 20),
        ({95: 3, 105: 20, 110: 21}, {95: 5.0, 105: 5.0, 110: 5.0, 115: 112.0}, 18),
        ({95: 10, 105: 10, 110: 21}, {105: 104.0, 110: 104.0}, 21),
        ({95: 10, 105: 10, 110: 21}, {105: 94.0, 110: 94.0}, 11),
        ({95: 3, 105: 9, 110: 30, 115: 31}, {95: 5.0, 105: 104.0, 110: 109.0, 115: 109.0}, 40),
    ],
    ids=[
        "young", "a slow start", "seen again after a pause", "a new label of an old process",
        "a restart that no value shows", "a restart that a value shows",
        "a restart before the window, seen in it", "not seen since it began",
        "one before that did not say", "the same one, that says it since", "two restarts",
    ],
)  # fmt: skip
def test_when_the_process_began_tells_from_where_it_counts(
    samples: Mapping[int, float], process: Mapping[int, float], expected: float
) -> None:
    assert grown(samples, process) == expected


def test_a_question_that_is_put_again_is_not_read_again() -> None:
    source = Kept({95: 3, 105: 20}, {})
    counted = CountedSource(source, START_MS, END_MS)
    assert [len(list(counted.select(NAMED, START_MS, END_MS))) for _ in range(3)] == [1, 1, 1]
    assert source.reads == 1
    assert [series.values for series in counted.select(NAMED, START_MS + 1, END_MS)] == [(17.0,)]
