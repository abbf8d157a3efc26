"""What a source remembers: the same answers, with less reading."""

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.metrics.series import SeriesInMemory, labels
from wattos_cli.metricstore.cached_source import CachedSource
from wattos_cli.metricstore.series import NAME, Matcher, Series

UP = Matcher(NAME, "=", "up")


class Counted(SeriesInMemory):
    """Counts how often it is read."""

    reads = 0

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        self.reads += 1
        return super().select(matchers, start_ms, end_ms)


def source() -> Counted:
    kept = Counted()
    for job in ("a", "b"):
        kept.add(labels("up", job=job), [(at, float(at)) for at in range(0, 1000, 10)])
        kept.add(labels("down", job=job), [(at, 0.0) for at in range(500, 1000, 10)])
    return kept


def found(series: Iterator[Series]) -> list[tuple[object, list[int], list[float]]]:
    return [(each.labels, list(each.times_ms), list(each.values)) for each in series]


SPANS = st.tuples(st.integers(-100, 1100), st.integers(-100, 1100)).map(sorted)
ASKED = st.lists(st.tuples(st.sampled_from(["up", "down", "none"]), SPANS), max_size=12)


@given(ASKED, st.integers(0, 300))
def test_its_answers_are_those_of_what_is_behind_it(
    asked: list[tuple[str, list[int]]], most_samples: int
) -> None:
    behind = source()
    remembered = CachedSource(behind, most_samples)
    for name, (start_ms, end_ms) in asked:
        matchers = [Matcher(NAME, "=", name)]
        assert found(remembered.select(matchers, start_ms, end_ms)) == found(
            behind.select(matchers, start_ms, end_ms)
        )


def test_a_narrower_question_reads_nothing_and_neither_does_one_a_little_earlier() -> None:
    behind = source()
    remembered = CachedSource(behind)
    list(remembered.select([UP], 600, 900))
    list(remembered.select([UP], 800, 900))
    list(remembered.select([UP], 400, 700))
    assert behind.reads == 1
    list(remembered.select([UP], 0, 900))
    list(remembered.select([UP], 0, 910))
    assert behind.reads == 3


def test_it_keeps_no_more_than_it_may() -> None:
    behind = source()
    remembered = CachedSource(behind, most_samples=200)
    for name in ("up", "down", "up"):
        list(remembered.select([Matcher(NAME, "=", name)], 0, 999))
    assert behind.reads == 3
