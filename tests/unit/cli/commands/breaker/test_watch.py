"""`wattos breaker watch`: each change of state once, through restarts."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.breaker_platform import CHANGE
from tests.fakes.cli.deps import FakeTime, err, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.commands.breaker import watch
from wattos_cli.deps import Deps, Reply
from wattos_cli.errors import ExitCode, WattosError


class Ring(FakeHttp):
    """A platform of one replica whose breakers change as a script says, one entry per look."""

    def __init__(self, looks: list[dict[str, Any]]) -> None:
        super().__init__()
        self.looks = looks

    def request(self, method: str, address: str, path: str, **options: Any) -> Reply:
        self.requests.append((method, address, path, None, {}))
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return Reply(200, {}, json.dumps(look).encode())


def look(run: str, last: int, *numbers: int, lost: int = 0) -> dict[str, Any]:
    events = [CHANGE | {"number": number} for number in numbers]
    return {"run": run, "last": last, "lost": lost, "events": events}


def watched(tmp_path: Path, looks: list[dict[str, Any]], **options: Any) -> tuple[Deps, Ring]:
    write_running(tmp_path, {"name": "chat"})
    http = Ring(looks)
    deps = make_deps(cwd=tmp_path, http=http, time=FakeTime(), json_output=True)
    assert watch.run(watch.Options(**options), deps) == ExitCode.OK
    return deps, http


def test_watch_prints_each_change_once_and_ends_after_its_count(tmp_path: Path) -> None:
    looks = [look("a", 4), look("a", 6, 5, 6), look("a", 6), look("a", 7, 7)]
    deps, http = watched(tmp_path, looks, count=3)
    numbers = [published(line)["number"] for line in out(deps).splitlines()]
    assert numbers == [5, 6, 7]
    afters = [path.rpartition("=")[2] for _, _, path, _, _ in http.requests]
    assert afters[1:] == ["4", "6", "6"]


def test_watch_ends_after_its_time(tmp_path: Path) -> None:
    deps, http = watched(tmp_path, [look("a", 0)], for_s=1.0)
    assert out(deps) == ""
    assert len(http.requests) == 5


@pytest.mark.parametrize("count", [0, -1])
def test_watch_refuses_a_count_that_nothing_can_reach(tmp_path: Path, count: int) -> None:
    with pytest.raises(WattosError, match=f"--count {count}: expected 1 or more") as caught:
        watched(tmp_path, [look("a", 0)], count=count)
    assert caught.value.exit_code == ExitCode.USAGE


def test_watch_follows_a_replica_that_was_restarted_and_tells_what_was_lost(tmp_path: Path) -> None:
    looks = [look("a", 900), look("b", 2), look("b", 2, 1, 2, lost=3)]
    deps, _ = watched(tmp_path, looks, count=2)
    assert [json.loads(line)["number"] for line in out(deps).splitlines()] == [1, 2]
    assert "3 changes came too fast" in err(deps)


def test_nothing_to_follow_is_exit_4(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="not running") as caught:
        watch.run(watch.Options(), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.UNREACHABLE
