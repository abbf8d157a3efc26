"""Series that were read once answer as the source that they come from."""

from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wattos_cli.metricstore.prefetched import PrefetchedSource
from wattos_cli.metricstore.series import NAME, Matcher, Series

SERIES = [
    Series(((NAME, name), ("job", job)), range(0, 100, 10), [float(value) for value in range(10)])
    for name in ("up", "a_total", "b_total")
    for job in ("chat", "rag")
]
NAMES = ("up", "a_total")


class Listed:
    """A source that counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        self.reads += 1
        for series in SERIES:
            own = dict(series.labels)
            if all(matcher.matches(own.get(matcher.name, "")) for matcher in matchers):
                kept = [time for time in series.times_ms if start_ms <= time <= end_ms]
                if kept:
                    yield Series(series.labels, kept, [time / 10 for time in kept])


def plain(found: Iterable[Series]) -> list[tuple[object, list[int], list[float]]]:
    return sorted((each.labels, list(each.times_ms), list(each.values)) for each in found)


MATCHERS = st.lists(
    st.builds(
        Matcher, st.sampled_from([NAME, "job", "none"]), st.sampled_from(["=", "!=", "=~", "!~"]),
        st.sampled_from(["up", "a_total", "chat", "", ".*", "u.|c.*"]),
    ),
    max_size=3,
)  # fmt: skip


@given(MATCHERS, st.integers(-20, 120), st.integers(-20, 120))
@example([Matcher(NAME, "=", "up"), Matcher(NAME, "=", "up")], 0, 0)
def test_it_selects_as_its_source_does(matchers: list[Matcher], start_ms: int, end_ms: int) -> None:
    of_names = [*matchers, Matcher(NAME, "=~", "|".join(NAMES))]
    expected = plain(Listed().select(of_names, start_ms, end_ms))
    gathered = PrefetchedSource(Listed(), NAMES, -100, 200)
    assert plain(gathered.select(matchers, start_ms, end_ms)) == expected
    assert plain(gathered.select(matchers, start_ms, end_ms)) == expected


@pytest.mark.parametrize("names", [NAMES, ("up",)])
def test_the_source_is_read_once(names: tuple[str, ...]) -> None:
    source = Listed()
    gathered = PrefetchedSource(source, names, 0, 100)
    for name in names:
        assert len(list(gathered.select([Matcher(NAME, "=", name)], 0, 100))) == 2
    assert source.reads == 1
