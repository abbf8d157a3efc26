"""Readers of a store that is being written, sealed and cleared at the same time."""

import os
import threading
from pathlib import Path

from tests.fakes.metrics.samples import labels
from wattos_cli.metricstore.store.reader import Reader
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer

ROWS = 400
SERIES = [labels("m", n=str(number)) for number in range(5)]


def seen(reader: Reader) -> list[list[int]]:
    return [list(series.times_ms) for series in reader.select((), 0, 2**62)]


def test_a_reader_never_sees_a_gap_nor_a_sample_twice(tmp_path: Path) -> None:
    over = threading.Event()
    wrong: list[list[int]] = []

    def read() -> None:
        fresh, lasting = Reader(tmp_path), Reader(tmp_path)
        while not over.is_set():
            for reader in (fresh, lasting):
                wrong.extend(times for times in seen(reader) if times != list(range(1, len(times) + 1)))
            fresh = Reader(tmp_path)

    thread = threading.Thread(target=read)
    thread.start()
    store = Writer(tmp_path, Keep(), now_ms=0, interval_ms=1, most_cells=25)
    for time in range(1, ROWS + 1):
        store.append("t-0", time, [(name, float(time)) for name in SERIES])
    over.set()
    thread.join()
    assert wrong == []
    assert len(list(tmp_path.glob("*/*.block"))) > ROWS // 10
    assert seen(Reader(tmp_path)) == [list(range(1, ROWS + 1))] * len(SERIES)


def test_a_reader_outlives_files_that_are_cleared_under_it(tmp_path: Path) -> None:
    over = threading.Event()
    failures: list[Exception] = []

    def read() -> None:
        reader = Reader(tmp_path)
        while not over.is_set():
            try:
                results = seen(reader)
                reader.series((), 0, 2**62)
                reader.last_ms()
                reader.families()
                assert all(times == sorted(set(times)) for times in results)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
                failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    store = Writer(tmp_path, Keep(age_ms=20), now_ms=0, interval_ms=1, most_cells=10)
    for time in range(1, ROWS + 1):
        store.append("t-0", time, [(name, float(time)) for name in SERIES])
        store.append(f"u{time % 3}-0", time, [(SERIES[0], float(time))])
        if time % 7 == 0:
            store.end(f"u{time % 3}-0", time + 1)
    over.set()
    thread.join()
    assert failures == []


def test_a_head_that_was_sealed_and_removed_since_it_was_read_is_passed_over(tmp_path: Path) -> None:
    store = Writer(tmp_path, Keep(age_ms=20), now_ms=0, interval_ms=1, most_cells=10)
    store.append("t-0", 1, [(name, 1.0) for name in SERIES])
    (head,) = tmp_path.glob("*/*.head")
    read_before = head.read_bytes()
    for time in range(2, 60):
        store.append("t-0", time, [(name, float(time)) for name in SERIES])
    assert not head.exists()
    head.write_bytes(read_before)  # as the reader has it, who lists the blocks only now
    for times in seen(Reader(tmp_path)):
        assert times == list(range(times[0], 60))
        assert times[0] > 1


def test_what_is_no_regular_file_is_passed_over(tmp_path: Path) -> None:
    Writer(tmp_path, Keep(), now_ms=0, interval_ms=1).append("t-0", 5, [(SERIES[0], 1.0)])
    for name in ("1.head", "9.head", "1-9.block", "families.json"):
        os.mkfifo(tmp_path / "t-0" / name)
    (tmp_path / "t-0" / "2.head").mkdir()
    reader = Reader(tmp_path)
    assert seen(reader) == [[5]]
    assert (reader.last_ms(), dict(reader.families()), reader.damaged) == (5, {}, set())
