"""The store: what is written is read, whole, in order, after restarts, kills and full disks."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.metrics.samples import labels, stored
from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.series import Labels, Matcher
from wattos_cli.metricstore.store.reader import Reader
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import SPAN_MS, Writer

UP = labels("up", job="chat")
DOWN = labels("down", job="chat")
SECOND = 1000


def writer(
    folder: Path, *, keep: Keep | None = None, now_ms: int = 100 * SECOND, most_cells: int = 1000
) -> Writer:
    return Writer(folder, keep or Keep(), now_ms=now_ms, interval_ms=5 * SECOND, most_cells=most_cells)


def test_what_is_written_is_read_while_it_is_written(tmp_path: Path) -> None:
    store = writer(tmp_path)
    store.append("chat-0", 1000, [(UP, 1.0)])
    assert stored(tmp_path) == {"up job=chat": [(1000, 1.0)]}
    store.append("chat-0", 6000, [(UP, 2.5)])
    assert stored(tmp_path) == {"up job=chat": [(1000, 1.0), (6000, 2.5)]}


def test_a_series_that_vanishes_ends_once_and_may_return(tmp_path: Path) -> None:
    store = writer(tmp_path)
    for time, samples in (
        (1, [(UP, 1.0), (DOWN, 2.0)]),
        (2, [(UP, 1.0)]),
        (3, [(UP, 1.0)]),
        (4, [(DOWN, 3.0)]),
    ):
        store.append("chat-0", time, samples)
    assert stored(tmp_path) == {
        "up job=chat": [(1, 1.0), (2, 1.0), (3, 1.0), (4, "stale")],
        "down job=chat": [(1, 2.0), (2, "stale"), (4, 3.0)],
    }


def test_special_numbers_come_back(tmp_path: Path) -> None:
    store = writer(tmp_path)
    for time, value in enumerate((float("inf"), -0.0, 5e-324, 1e308, float("-inf")), 1):
        store.append("chat-0", time, [(UP, value)])
    assert [value for _, value in stored(tmp_path)["up job=chat"]] == [
        float("inf"),
        0.0,
        5e-324,
        1e308,
        -float("inf"),
    ]
    store.append("chat-0", 9, [(UP, float("nan"))])
    (series,) = Reader(tmp_path).select((), 9, 9)
    assert series.values[0] != series.values[0]


def test_samples_that_are_not_newer_are_dropped_and_counted(tmp_path: Path) -> None:
    store = writer(tmp_path)
    assert store.append("chat-0", 5000, [(UP, 1.0)])
    assert not store.append("chat-0", 5000, [(UP, 2.0), (DOWN, 2.0)])
    assert not store.append("chat-0", 10, [(UP, 3.0)])
    assert store.append("rag-0", 10, [(DOWN, 1.0)]), "each target has its own clock"
    assert store.dropped == {"chat-0": 3}
    assert stored(tmp_path)["up job=chat"] == [(5000, 1.0)]


def test_a_new_writer_ends_what_an_old_one_left_and_goes_on(tmp_path: Path) -> None:
    first = writer(tmp_path)
    first.append("chat-0", 1000, [(UP, 1.0), (DOWN, 1.0)])
    first.append("chat-0", 2000, [(UP, 2.0)])
    second = writer(tmp_path, now_ms=8000)
    assert not second.append("chat-0", 2000, [(UP, 9.0)]), "it is not newer than what is on disk"
    assert second.append("chat-0", 9000, [(UP, 3.0)])
    assert stored(tmp_path) == {
        "up job=chat": [(1000, 1.0), (2000, 2.0), (7000, "stale"), (9000, 3.0)],
        "down job=chat": [(1000, 1.0), (2000, "stale")],
    }
    assert len(list(tmp_path.glob("*/*.head"))) == 1


@pytest.mark.parametrize(("now_ms", "ended_ms"), [(900_000, 6000), (3000, 3000), (500, 1001)])
def test_when_the_series_of_a_killed_writer_end(tmp_path: Path, now_ms: int, ended_ms: int) -> None:
    writer(tmp_path).append("chat-0", 1000, [(UP, 1.0)])
    writer(tmp_path, now_ms=now_ms)
    assert stored(tmp_path) == {"up job=chat": [(1000, 1.0), (ended_ms, "stale")]}


def test_an_orderly_end_ends_every_series_and_leaves_blocks(tmp_path: Path) -> None:
    store = writer(tmp_path)
    store.append("chat-0", 1000, [(UP, 1.0)])
    store.append("rag-0", 1000, [(DOWN, 1.0)])
    store.end("rag-0", 2000)
    store.close(3000)
    assert stored(tmp_path) == {
        "up job=chat": [(1000, 1.0), (3000, "stale")],
        "down job=chat": [(1000, 1.0), (2000, "stale")],
    }
    assert sorted(path.suffix for path in tmp_path.glob("*/*")) == [".block", ".block"]


def test_a_torn_tail_costs_the_last_scrape_and_nothing_else(tmp_path: Path) -> None:
    store = writer(tmp_path / "whole")
    for second in range(1, 5):
        store.append("chat-0", second * SECOND, [(UP, float(second)), (labels(f"m{second}"), 1.0)])
    (path,) = (tmp_path / "whole").glob("*/*.head")
    for size in range(path.stat().st_size):
        torn = tmp_path / "torn"
        shutil.copytree(tmp_path / "whole", torn)
        os.truncate(next(torn.glob("*/*.head")), size)
        before = stored(torn).get("up job=chat", [])
        assert before == [(second * SECOND, float(second)) for second in range(1, len(before) + 1)]
        again = writer(torn)
        assert stored(torn).get("up job=chat", [])[: len(before)] == before
        assert again.append("chat-0", 60 * SECOND, [(UP, 60.0)])
        assert stored(torn)["up job=chat"][-1] == (60 * SECOND, 60.0)
        shutil.rmtree(torn)


def test_a_quarter_of_an_hour_is_sealed_and_read_as_one_with_the_next(tmp_path: Path) -> None:
    store = writer(tmp_path)
    times = range(SECOND, 2 * SPAN_MS, 60 * SECOND)
    for time in times:
        store.append("chat-0", time, [(UP, time / 7), *([(DOWN, 1.0)] if time < SPAN_MS else [])])
    assert len(list(tmp_path.glob("*/*.block"))) == 1
    found = stored(tmp_path)
    assert found["up job=chat"] == [(time, time / 7) for time in times]
    assert found["down job=chat"][-1][1] == "stale"
    assert stored(tmp_path, start_ms=SPAN_MS + SECOND, end_ms=SPAN_MS + 61 * SECOND)["up job=chat"] == [
        (SPAN_MS + at * SECOND, (SPAN_MS + at * SECOND) / 7) for at in (1, 61)
    ]


def test_a_kill_between_sealing_and_removing_shows_nothing_twice(tmp_path: Path) -> None:
    store = writer(tmp_path)
    store.append("chat-0", 1000, [(UP, 1.0)])
    (head,) = tmp_path.glob("*/*.head")
    copy = head.read_bytes()
    store.close(2000)
    head.write_bytes(copy)
    expected = {"up job=chat": [(1000, 1.0), (2000, "stale")]}
    assert stored(tmp_path) == expected
    writer(tmp_path)
    assert stored(tmp_path) == expected
    assert not head.exists()


def test_matchers_and_times_choose(tmp_path: Path) -> None:
    store = writer(tmp_path)
    store.append("chat-0", 1000, [(UP, 1.0), (DOWN, 2.0), (labels("up", job="rag"), 3.0)])
    assert list(stored(tmp_path, Matcher("__name__", "=", "up"))) == ["up job=chat", "up job=rag"]
    assert list(stored(tmp_path, Matcher("job", "=~", "r.*"), Matcher("none", "=", ""))) == ["up job=rag"]
    assert stored(tmp_path, start_ms=1001) == stored(tmp_path, end_ms=999) == {}
    assert Reader(tmp_path).series((Matcher("job", "=", "chat"),), 0, 2000) == {UP, DOWN}
    assert stored(tmp_path / "nothing") == {}


def test_old_files_go_and_the_newest_stay(tmp_path: Path) -> None:
    store = writer(tmp_path, keep=Keep(age_ms=2 * SPAN_MS))
    for time in range(1, 6 * SPAN_MS, SPAN_MS // 3):
        store.append("chat-0", time, [(UP, 1.0)])
    first = stored(tmp_path)["up job=chat"][0]
    assert 2 * SPAN_MS < first[0] < 4 * SPAN_MS
    later = writer(tmp_path, keep=Keep(age_ms=2 * SPAN_MS), now_ms=200 * SPAN_MS)
    for time in (200, 201, 202, 203):
        later.append("rag-0", time * SPAN_MS, [(UP, 1.0)])
    assert [path.name for path in tmp_path.iterdir()] == ["rag-0"], (
        "nothing is left of a target that is long gone"
    )


def test_a_size_holds(tmp_path: Path) -> None:
    store = writer(tmp_path, keep=Keep(size_bytes=20_000))
    numbers = [labels(f"m{number}") for number in range(50)]
    for time in range(1, 30 * SPAN_MS, SPAN_MS // 10):
        store.append("chat-0", time, [(name, hash((time, name)) / 7) for name in numbers])
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.*"))
    assert size < 20_000 + 2 * 5000
    assert stored(tmp_path)


def test_nobody_else_may_read(tmp_path: Path) -> None:
    store = writer(tmp_path / "metrics")
    store.append("chat-0", 1, [(UP, 1.0)])
    store.describe("chat-0", {"up": Family("gauge", "Up.")})
    store.end("chat-0", 2)
    store.append("chat-0", 3, [(UP, 1.0)])
    for path in (tmp_path / "metrics").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_families_are_kept_and_told_once(tmp_path: Path) -> None:
    store = writer(tmp_path)
    for target in ("chat-0", "rag-0"):
        store.append(target, 1, [(UP, 1.0)])
        store.describe(target, {"up": Family("gauge", "Up.")})
    store.describe("rag-0", {"up": Family("gauge", "Other.")})
    assert Reader(tmp_path).families() == {"up": [Family("gauge", "Up."), Family("gauge", "Other.")]}
    for content in ("{", "[]", '{"up": {"else": 1}}', '{"up": {"type": "gauge", "help": 7}}', "[" * 100_000):
        (tmp_path / "rag-0" / "families.json").write_text(content)
        assert Reader(tmp_path).families() == {"up": [Family("gauge", "Up.")]}


def test_a_folder_that_somebody_removed_is_begun_anew(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    said = {"up": Family("gauge", "Up.")}
    store = writer(folder)
    for time in (1, 2):
        store.append("chat-0", time, [(UP, 1.0)])
        store.append("rag-0", time, [(DOWN, 1.0)])
        store.describe("chat-0", said)
    shutil.rmtree(folder)
    store.append("chat-0", 3, [(UP, 1.0)])
    store.describe("chat-0", said)
    store.close(4)
    assert stored(folder) == {"up job=chat": [(3, 1.0), (4, "stale")]}
    assert Reader(folder).families() == {"up": [Family("gauge", "Up.")]}


def test_a_damaged_block_is_passed_over_and_named(tmp_path: Path) -> None:
    store = writer(tmp_path)
    for time in (1, 3):
        store.append("chat-0", time, [(UP, 1.0)])
        store.end("chat-0", time + 1)
    first, second = sorted(tmp_path.glob("*/*.block"))
    whole = first.read_bytes()
    second.write_bytes(b"")
    store.append("chat-0", 5, [(UP, 5.0)])
    for place in range(len(whole)):
        first.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert [list(series.values) for series in Reader(tmp_path).select((), 0, 9)] == [[5.0]]
    first.write_bytes(whole[:-3])
    reader = Reader(tmp_path)
    assert [list(series.values) for series in reader.select((), 0, 9)] == [[5.0]]
    assert reader.damaged == {first, second}


def test_a_disk_that_is_full_costs_the_scrapes_of_that_time(tmp_path: Path) -> None:
    import resource

    store = writer(tmp_path)
    store.append("chat-0", 1, [(UP, 1.0)])
    (path,) = tmp_path.glob("*/*.head")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, before[1]))
    try:
        with pytest.raises(OSError, match=r"bytes were written|too large"):
            store.append("chat-0", 2, [(UP, 2.0), (DOWN, 2.0)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    store.append("chat-0", 3, [(UP, 3.0), (DOWN, 3.0)])
    assert stored(tmp_path) == {"up job=chat": [(1, 1.0), (3, 3.0)], "down job=chat": [(3, 3.0)]}


def test_a_head_that_cannot_be_sealed_is_read_and_sealed_later(tmp_path: Path) -> None:
    store = writer(tmp_path, most_cells=2)
    for time in (1, 2):
        store.append("t-0", time, [(UP, float(time))])
    (tmp_path / "t-0" / "1-2.new").mkdir()
    with pytest.raises(IsADirectoryError):
        store.append("t-0", 3, [(UP, 3.0)])
    assert stored(tmp_path) == {"up job=chat": [(1, 1.0), (2, 2.0), (3, 3.0)]}, "the row itself is written"
    (tmp_path / "t-0" / "1-2.new").rmdir()
    for time in (4, 5):
        store.append("t-0", time, [(UP, float(time))])
    assert stored(tmp_path) == {"up job=chat": [(time, float(time)) for time in range(1, 6)]}
    assert len(list(tmp_path.glob("*/*.block"))) == 2


SERIES = [labels("m", n=str(number)) for number in range(5)]
SCRAPES = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from(SERIES), st.floats(allow_nan=False)),
        st.sampled_from(["restart", "end"]),
    ),
    max_size=25,
)


@given(SCRAPES, st.integers(1, 12))
@settings(deadline=None, max_examples=60)
def test_any_sequence_of_scrapes_is_told_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, scrapes: list[dict[Labels, float] | str], most_cells: int
) -> None:
    folder = tmp_path_factory.mktemp("store")
    store, expected = writer(folder, most_cells=most_cells), dict[Labels, list[tuple[int, object]]]()
    live: set[Labels] = set()
    time = 0
    for scrape in scrapes:
        if isinstance(scrape, str):
            end = time + 5 * SECOND if scrape == "restart" else time + 1
            for name in live:
                expected[name].append((end, "stale"))
            if scrape == "restart":
                store = writer(folder, most_cells=most_cells)
            else:
                store.end("t-0", time + 1)
            live, time = set(), time + 5 * SECOND
            continue
        time += SECOND
        store.append("t-0", time, list(scrape.items()))
        for name in live - scrape.keys():
            expected[name].append((time, "stale"))
        for name, value in scrape.items():
            expected.setdefault(name, []).append((time, value))
        live = set(scrape)
    assert stored(folder) == {f"m n={dict(name)['n']}": samples for name, samples in expected.items()}


def test_labels_of_any_text_come_back(tmp_path: Path) -> None:
    strange = labels("m", text='a"b\\c\nd\u2028e \U0001f600')
    store = writer(tmp_path)
    store.append("t-0", 1, [(strange, 1.0)])
    store.end("t-0", 2)
    assert [series.labels for series in Reader(tmp_path).select((), 0, 9)] == [strange]
    assert json.dumps(strange)


def test_a_value_that_looks_like_another_label_is_not_taken_for_it(tmp_path: Path) -> None:
    store = writer(tmp_path)
    store.append("t-0", 1, [(labels("m", a='x","job","chat'), 1.0), (labels("m", a="job", chat="b"), 2.0)])
    assert stored(tmp_path, Matcher("job", "=", "chat")) == {}
    assert len(stored(tmp_path, Matcher("a", "=", 'x","job","chat'))) == 1
    assert len(stored(tmp_path, Matcher("chat", "=", "b"))) == 1


HOUR = 3600 * SECOND


def test_what_a_wrong_clock_wrote_is_removed_when_it_is_right_again(tmp_path: Path) -> None:
    store = writer(tmp_path, now_ms=0)
    for time in (*range(HOUR, HOUR + 40, 10), *range(50 * HOUR, 50 * HOUR + 30, 10)):
        assert store.append("t-0", time, [(UP, 1.0)])
    assert not store.append("t-0", 49 * HOUR + 100, [(UP, 2.0)]), "less than an hour ahead: it may catch up"
    assert store.append("t-0", HOUR + 50, [(UP, 3.0)])
    assert store.append("t-0", HOUR + 60, [(UP, 4.0)])
    assert stored(tmp_path) == {
        "up job=chat": [
            (HOUR, 1.0),
            (HOUR + 10, 1.0),
            (HOUR + 20, 1.0),
            (HOUR + 30, 1.0),
            (HOUR + 50, 3.0),
            (HOUR + 60, 4.0),
        ]
    }


def test_a_clock_that_is_wrong_for_a_moment_does_not_cost_what_is_kept(tmp_path: Path) -> None:
    store = writer(tmp_path, keep=Keep(age_ms=10 * HOUR), now_ms=0)
    for time in (HOUR, 1000 * HOUR, HOUR + 10):
        assert store.append("t-0", time, [(UP, 1.0)])
    writer(tmp_path, keep=Keep(age_ms=10 * HOUR), now_ms=1000 * HOUR)
    assert [time for time, value in stored(tmp_path)["up job=chat"] if value == 1.0] == [HOUR, HOUR + 10]
