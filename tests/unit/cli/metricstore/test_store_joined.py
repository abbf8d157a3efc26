"""A counter that a target shows for the first time was 0 in the scrape before."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes.metrics.samples import labels
from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.series import Labels, is_stale
from wattos_cli.metricstore.store.reader import Reader
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer
from wattos_cli.metricstore.stored import StoredMetrics

FAMILIES = {
    "errors_total": Family("counter"),
    "wait_seconds": Family("histogram"),
    "size_bytes": Family("summary"),
    "in_flight": Family("gauge"),
    "jobs": Family("counter"),
}
UP = labels("up", job="chat", instance="chat-0")
ERRORS = labels("errors_total", status="500")
NO_ROWS_TOGETHER = 1


class Target:
    """A target that is scraped every second from second 1."""

    def __init__(
        self, folder: Path, most_cells: int = 1000, families: Mapping[str, Family] = FAMILIES
    ) -> None:
        self._folder = folder
        self._store = Writer(folder, Keep(), now_ms=0, interval_ms=1000, most_cells=most_cells)
        self._families = families
        self._now_s = 0

    def scraped(self, *samples: tuple[Labels, float], up: float = 1.0) -> None:
        self._now_s += 1
        self._store.append("chat-0", self._now_s * 1000, [(UP, up), *samples])
        self._store.describe("chat-0", self._families)

    def of(self, series: Labels, start_s: int = 0) -> list[tuple[int, float | str]]:
        for found in Reader(self._folder).select((), start_s * 1000, 2**62):
            if found.labels == series:
                values = ["stale" if is_stale(value) else value for value in found.values]
                return [(time // 1000, value) for time, value in zip(found.times_ms, values, strict=True)]
        return []

    def growth(self, window: str) -> list[float]:
        metrics = StoredMetrics(Reader(self._folder))
        rows = metrics.instant(f"increase(errors_total[{window}])", self._now_s).result
        return [round(float(row["value"][1])) for row in rows]


@pytest.mark.parametrize(
    "series",
    [
        ERRORS,
        labels("wait_seconds_bucket", le="+Inf"),
        labels("wait_seconds_count"),
        labels("wait_seconds_sum"),
        labels("size_bytes_count"),
        labels("jobs_total"),
    ],
    ids=lambda series: str(dict(series)["__name__"]),
)
@pytest.mark.parametrize("most_cells", [1000, NO_ROWS_TOGETHER], ids=["one file", "a file for each row"])
def test_what_counts_begins_with_0(series: Labels, most_cells: int, tmp_path: Path) -> None:
    target = Target(tmp_path, most_cells)
    target.scraped()
    target.scraped()
    target.scraped((series, 7.0))
    target.scraped((series, 7.0))
    assert target.of(series) == [(2, 0.0), (3, 7.0), (4, 7.0)]


@pytest.mark.parametrize(
    "series",
    [
        labels("in_flight"),
        labels("size_bytes", quantile="0.5"),
        labels("wait_seconds_created"),
        labels("never_described_total"),
    ],
    ids=lambda series: str(dict(series)["__name__"]),
)
@pytest.mark.parametrize("most_cells", [1000, NO_ROWS_TOGETHER], ids=["one file", "a file for each row"])
def test_anything_else_begins_with_its_first_sample(series: Labels, most_cells: int, tmp_path: Path) -> None:
    target = Target(tmp_path, most_cells)
    target.scraped()
    target.scraped((series, 7.0))
    assert target.of(series) == [(2, 7.0)]


def test_a_first_burst_is_growth(tmp_path: Path) -> None:
    target = Target(tmp_path)
    for _ in range(5):
        target.scraped()
    for _ in range(5):
        target.scraped((ERRORS, 30.0))
    assert target.growth("10s") == [30.0]


def test_the_first_scrape_of_a_target_has_nothing_before_it(tmp_path: Path) -> None:
    target = Target(tmp_path)
    target.scraped((ERRORS, 7.0))
    assert target.of(ERRORS) == [(1, 7.0)]


@pytest.mark.parametrize("most_cells", [1000, NO_ROWS_TOGETHER], ids=["one file", "a file for each row"])
def test_a_counter_that_shows_in_the_scrape_after_a_failed_one_may_be_older(
    most_cells: int, tmp_path: Path
) -> None:
    target = Target(tmp_path, most_cells)
    target.scraped()
    target.scraped(up=0.0)
    target.scraped((ERRORS, 7.0))
    assert target.of(ERRORS) == [(3, 7.0)]


def test_a_counter_begins_again_after_its_target_was_down(tmp_path: Path) -> None:
    target = Target(tmp_path)
    target.scraped((ERRORS, 10.0))
    target.scraped(up=0.0)
    target.scraped()
    target.scraped((ERRORS, 3.0))
    assert target.of(ERRORS) == [(1, 10.0), (2, "stale"), (3, 0.0), (4, 3.0)]


def test_a_restart_between_two_scrapes_is_a_reset_like_any(tmp_path: Path) -> None:
    target = Target(tmp_path)
    target.scraped((ERRORS, 10.0))
    target.scraped((ERRORS, 3.0))
    assert target.of(ERRORS) == [(1, 10.0), (2, 3.0)]


def test_a_counter_that_could_not_be_read_for_a_while_goes_on(tmp_path: Path) -> None:
    target = Target(tmp_path)
    target.scraped((ERRORS, 10.0))
    target.scraped()
    target.scraped()
    target.scraped((ERRORS, 10.0))
    assert target.of(ERRORS) == [(1, 10.0), (2, "stale"), (4, 10.0)]


def test_a_counter_that_lasts_over_many_files_begins_once(tmp_path: Path) -> None:
    target = Target(tmp_path, NO_ROWS_TOGETHER)
    target.scraped()
    for value in (5.0, 6.0, 7.0):
        target.scraped((ERRORS, value))
    assert target.of(ERRORS) == [(1, 0.0), (2, 5.0), (3, 6.0), (4, 7.0)]


def test_a_counter_that_ends_where_a_file_begins_is_not_begun_there(tmp_path: Path) -> None:
    target = Target(tmp_path, NO_ROWS_TOGETHER)
    target.scraped((ERRORS, 5.0))
    target.scraped()
    assert target.of(ERRORS) == [(1, 5.0), (2, "stale")]
    assert target.of(ERRORS, start_s=2) == [(2, "stale")]


def test_the_time_that_is_asked_for_holds_for_the_0_too(tmp_path: Path) -> None:
    target = Target(tmp_path)
    target.scraped()
    target.scraped((ERRORS, 7.0))
    assert target.of(ERRORS, start_s=2) == [(2, 7.0)]


def test_a_platform_that_was_down_is_no_scrape_before(tmp_path: Path) -> None:
    Target(tmp_path).scraped()
    store = Writer(tmp_path, Keep(), now_ms=5000, interval_ms=1000)
    store.append("chat-0", 6000, [(UP, 1.0), (ERRORS, 7.0)])
    store.describe("chat-0", FAMILIES)
    found = {series.labels: list(series.values) for series in Reader(tmp_path).select((), 0, 2**62)}
    assert found[ERRORS] == [7.0]
