"""Changes of breakers are read once each, and all that a process has when it is found in another's place."""

from pathlib import Path
from typing import Any

from tests.fakes.cli.deps import make_deps, write_running
from tests.fakes.cli.http import FakeHttp
from wattos_cli.clients.breaker_changes import ChangeReader
from wattos_cli.project import Project

CHAT = "unix:/run/chat.sock"
NOW = 2**53


def event(number: int) -> dict[str, Any]:
    return {"number": number, "time": f"2026-11-27T12:00:0{number}Z", "name": f"b{number}"}


def told(http: FakeHttp, after: int, run: str, last: int, *numbers: int) -> None:
    body = {"run": run, "last": last, "lost": 0, "events": [event(number) for number in numbers]}
    http.answer(CHAT, f"/admin/breakers/events?after={after}", body)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [change["name"] for change in found]


def test_what_a_new_process_has_is_found_in_the_look_that_finds_it(tmp_path: Path) -> None:
    http = FakeHttp()
    write_running(tmp_path, {"name": "chat"})
    reader = ChangeReader(make_deps(cwd=tmp_path, http=http), Project(tmp_path))
    told(http, NOW, "a", 3)
    assert reader.read() == []
    told(http, 3, "a", 5, 4, 5)
    assert names(reader.read()) == ["b4", "b5"]
    told(http, 5, "b", 2)
    told(http, 0, "b", 2, 1, 2)
    assert names(reader.read()) == ["b1", "b2"]
    told(http, 2, "b", 2)
    assert reader.read() == []
