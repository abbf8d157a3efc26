"""What a load test tells of the platform's breakers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.cli.deps import make_deps
from wattos_cli.commands.loadtest.target.breaker_watch import BreakerWatch
from wattos_cli.project import Project

BEFORE_ALL = 0.0


class Change(dict[str, Any]):
    """A change of a breaker's state; `meanwhile` happens when it is told."""

    def __init__(self, name: str, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__({"name": name, "time": "2099-11-27T12:00:00Z", "from": "closed", "to": "open"})
        self |= {"service": "chat", "replica": 0}
        self._meanwhile = meanwhile

    def __getitem__(self, key: str) -> Any:
        if key == "service":
            self._meanwhile()
        return super().__getitem__(key)


def test_a_look_that_outlasts_the_run_does_not_cost_its_result(tmp_path: Path) -> None:
    watch = BreakerWatch(make_deps(cwd=tmp_path), Project(tmp_path))
    watch.changes = [Change("first", lambda: watch.changes.append(Change("late")))]
    assert [each.name for each in watch.transitions(BEFORE_ALL)] == ["first"]
    assert [each.name for each in watch.transitions(BEFORE_ALL)] == ["first", "late"]
