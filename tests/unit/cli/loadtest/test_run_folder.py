"""The folder of a run holds tokens for a moment, and is removed by the next run if its own could not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wattos_cli.loadtest.driving.parent import handed_plan
from wattos_cli.loadtest.driving.run_folder import PREFIX, run_folder, sweep
from wattos_cli.loadtest.plan import Plan

HOLDER = """
from wattos_cli.loadtest.driving.run_folder import run_folder
with run_folder() as folder:
    print(folder, flush=True)
    input()
"""


def test_a_plan_is_read_once_and_lies_there_no_more(tmp_path: Path) -> None:
    plan = Plan(Path("locustfile.py"), {}, "http://x", 1, 1.0, 1.0, tokens=["wk_secret"])
    path = tmp_path / "plan.json"
    path.write_text(plan.dump())
    read = handed_plan(path)
    assert (read.dump(), path.exists()) == (plan.dump(), False)
    assert handed_plan(path) is read


def test_a_folder_is_its_owners_alone_and_goes_with_the_run() -> None:
    with run_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_folder_whose_process_was_killed_is_removed_and_no_other(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().strip())
        other = tmp_path / "somebody-elses"
        other.mkdir()
        sweep(tmp_path, folder.stat().st_mtime)
        assert folder.parent == tmp_path
        assert folder.is_dir()
        holder.kill()
    assert folder.is_dir()
    sweep(tmp_path, folder.stat().st_mtime)
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize(("age_s", "there"), [(60.0, True), (7200.0, False)])
def test_a_folder_that_is_being_made_is_left_alone(tmp_path: Path, age_s: float, there: bool) -> None:
    folder = tmp_path / f"{PREFIX}new"
    folder.mkdir()
    sweep(tmp_path, folder.stat().st_mtime + age_s)
    assert folder.exists() is there


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (kept := tmp_path / "kept").mkdir()
    link = tmp_path / f"{PREFIX}link"
    link.symlink_to(kept)
    sweep(tmp_path, link.lstat().st_mtime + 7200.0)
    assert kept.is_dir()
