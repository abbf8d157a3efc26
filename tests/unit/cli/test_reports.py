"""The reports of what has ended are written, whatever becomes of stdout."""

from pathlib import Path

import pytest

from tests.fakes.cli.deps import err, make_deps
from wattos_cli.reports import Ended, publish

ENDED = Ended("the run", "pass", "{}\n", [Path("result.json")], again="look at {file}")


def nobody_reads() -> None:
    raise BrokenPipeError


def test_reports_are_written_although_nobody_reads_stdout_any_more(tmp_path: Path) -> None:
    deps = make_deps(cwd=tmp_path)
    with pytest.raises(BrokenPipeError):
        publish(deps, ENDED, nobody_reads, {Path("result.json"): "{}\n"}, markdown="", annotations=())
    assert (tmp_path / "result.json").read_text() == "{}\n"
    assert err(deps) == "", "the reader has gone, and with it whoever would want to be told"
