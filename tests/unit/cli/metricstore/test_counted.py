"""What counters grew by in a window: whole, from the very values, through restarts and pauses."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from wattos_cli.metricstore.counted import CountedSource
from wattos_cli.metricstore.series import NAME, STALE, Matcher, Series

START_MS, END_MS = 100_000, 130_000
LABELS = ((NAME, "a_total"), ("instance", "chat-0"), ("job", "chat"))
NAMED = [Matcher(NAME, "=", "a_total")]


class One:
    """A source of one series that counts how often it is read."""

    def __init__(self, samples: Mapping[int, float]) -> None:
        self.reads = 0
        self._series = Series(LABELS, [at_s * 1000 for at_s in samples], list(samples.values()))

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        assert matchers
        self.reads += 1
        cut = self._series.between(start_ms, end_ms)
        if cut is not None:
            yield cut


def grown(samples: Mapping[int, float], began_s: float | None = None) -> float | None:
    began_ms = {} if began_s is None else {"chat-0": round(began_s * 1000)}
    counted = CountedSource(One(samples), START_MS, END_MS, began_ms)
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
        ({100: 4, 105: 6}, 6),
        ({105: 4, 110: 6}, 6),
        ({130: 4}, 4),
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
    assert grown(samples) == expected


@pytest.mark.parametrize(
    ("samples", "began_s", "expected"),
    [
        ({105: 4, 110: 6}, 104.0, 6),
        ({105: 4, 110: 6}, 45.0, 6),
        ({105: 4, 110: 6}, 44.9, 2),
        ({105: 4, 110: 6}, 0.0, 2),
        ({95: 3, 105: 20, 110: 21}, 104.0, 21),
        ({95: 3, 105: 20, 110: 21}, 97.0, 21),
        ({95: 30, 105: 20, 110: 21}, 104.0, 21),
        ({95: 3, 105: 20, 110: 21}, 112.0, 18),
    ],
    ids=[
        "young", "a slow start", "seen late", "not started by us", "a restart that no value shows",
        "a restart before the window, seen in it", "a restart that a value shows", "not seen since it began",
    ],
)  # fmt: skip
def test_when_the_process_began_tells_from_where_it_counts(
    samples: Mapping[int, float], began_s: float, expected: float
) -> None:
    assert grown(samples, began_s) == expected


def test_a_question_that_is_put_again_is_not_read_again() -> None:
    source = One({95: 3, 105: 20})
    counted = CountedSource(source, START_MS, END_MS)
    assert [list(counted.select(NAMED, START_MS, END_MS)) for _ in range(3)].count([]) == 0
    assert source.reads == 1
    assert [series.values for series in counted.select(NAMED, START_MS + 1, END_MS)] == [(17.0,)]
