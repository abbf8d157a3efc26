"""Lines of several files come in order of time, and none is lost."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.logstore.entries import Entry
from wattos_cli.logstore.merge import SKEW_S, merged, reordered
from wattos_cli.logstore.tally import Tally


@dataclass(frozen=True)
class Nowhere:
    service: str = "chat"
    replica: str = "0"

    def place(self, offset: int) -> str:
        return f"x:{offset}"


def entries(times: list[float], source: int = 0) -> list[Entry]:
    return [
        Entry((time, source, 0, offset), Nowhere(), b"x" * 100, {"n": offset})
        for offset, time in enumerate(times)
    ]


disorderly = st.lists(
    st.tuples(st.floats(0, 3, allow_nan=False), st.floats(0, SKEW_S * 0.99, allow_nan=False)), max_size=60
)


def times_of(steps: list[tuple[float, float]]) -> list[float]:
    """Return times that grow by the steps, each written late by less than the window."""
    times, now = [], 10.0
    for step, late in steps:
        now += step
        times.append(now - late)
    return times


@given(st.lists(disorderly, max_size=5))
def test_what_is_late_by_less_than_the_window_is_put_in_order(
    sources: list[list[tuple[float, float]]],
) -> None:
    tally = Tally()
    given_ = [entries(times_of(steps), source) for source, steps in enumerate(sources)]
    got = [entry.order for entry in merged(given_, tally)]
    assert got == sorted(entry.order for source in given_ for entry in source)
    assert tally.disordered == 0


@given(st.lists(st.lists(st.floats(0, 100, allow_nan=False), max_size=40), max_size=4))
def test_whatever_the_disorder_nothing_is_lost_and_it_is_counted(sources: list[list[float]]) -> None:
    tally = Tally()
    given_ = [entries(times, source) for source, times in enumerate(sources)]
    got = [entry.order for entry in merged(given_, tally)]
    assert sorted(got) == sorted(entry.order for source in given_ for entry in source)
    newest, late = 0.0, 0
    for time, *_ in got:
        late += time < newest
        newest = max(newest, time)
    assert tally.disordered == late


def test_equal_times_go_by_file_then_by_offset() -> None:
    got = [entry.order[1:] for entry in merged([entries([1, 1], 0), entries([1, 1], 1)], Tally())]
    assert got == [(0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 0, 1)]


def test_no_more_is_held_back_than_the_limit() -> None:
    taken = 0

    def endless() -> Iterator[Entry]:
        nonlocal taken
        for entry in entries([1.0] * 1000):
            taken += 1
            yield entry

    one = entries([1.0])[0].size_bytes
    next(reordered(endless(), limit_bytes=10 * one))
    assert taken == 11
