"""`wattos doctor` on kept metrics: nothing yet, well, damaged, ahead of the clock, forgotten."""

import json
import os
from pathlib import Path

import pytest

from tests.fakes.cli.deps import FakeTime, make_deps
from tests.fakes.metrics.samples import labels
from wattos_cli.diagnosis import metrics
from wattos_cli.diagnosis.findings import Finding, Level
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer
from wattos_cli.project import Project
from wattos_cli.supervisor import process_table

NOW_S = 1_000_000.0


def look(root: Path, now_s: float = NOW_S) -> Finding:
    (finding,) = metrics.kept(Project(root), make_deps(cwd=root, time=FakeTime(now_s)))
    return finding


@pytest.fixture
def store(tmp_path: Path) -> Writer:
    Project(tmp_path).prepare()
    made = Writer(Project(tmp_path).metrics_dir, Keep(), now_ms=0, interval_ms=5000)
    made.append("chat-0", int(NOW_S * 1000), [(labels("up"), 1.0), (labels("down"), 1.0)])
    return made


def running(root: Path) -> None:
    pid = os.getpid()
    supervisor = {"pid": pid, "start_time": process_table.start_time(pid)}
    Project(root).services_file.write_text(json.dumps({"supervisor": supervisor, "services": []}))


def test_nothing_kept_is_well(tmp_path: Path) -> None:
    assert look(tmp_path) == Finding("metrics", Level.OK, "none are kept yet")


def test_what_is_kept_is_told(tmp_path: Path, store: Writer) -> None:
    running(tmp_path)
    assert look(tmp_path) == Finding("metrics", Level.OK, "2 series are kept, 0 kB on disk")


def test_a_damaged_file_is_named(tmp_path: Path, store: Writer) -> None:
    store.close(int(NOW_S * 1000) + 1)
    (block,) = Project(tmp_path).metrics_dir.glob("*/*.block")
    block.write_bytes(b"!")
    finding = look(tmp_path)
    assert (finding.level, finding.mend) == (Level.WARNING, f"rm {block}")
    assert f"passed over, {block.name} first" in finding.message


def test_a_clock_that_went_back_is_told(tmp_path: Path, store: Writer) -> None:
    assert look(tmp_path, NOW_S - 4).level is Level.OK
    assert "is 60 s ahead of the clock" in look(tmp_path, NOW_S - 60).message


def test_a_platform_that_runs_and_is_not_scraped_is_told(tmp_path: Path, store: Writer) -> None:
    later = NOW_S + 100
    assert look(tmp_path, later).level is Level.OK, "nothing runs"
    running(tmp_path)
    finding = look(tmp_path, later)
    assert (finding.level, finding.message) == (
        Level.WARNING,
        "nothing was scraped for 100 s although the platform runs",
    )
    (tmp_path / "wattos.toml").write_text("metrics.enabled = false\n")
    assert look(tmp_path, later).level is Level.OK
    (tmp_path / "wattos.toml").write_text("x = 1\n")
    assert look(tmp_path, later).level is Level.OK, "an invalid configuration is another check's finding"
