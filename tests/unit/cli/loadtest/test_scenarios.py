"""Scenarios in thresholds.toml: ours are whole, and every mistake is told with its place."""

import re
import tomllib
from pathlib import Path

import pytest

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.judging.thresholds import parse
from wattos_cli.loadtest.scenarios.places import folder
from wattos_cli.loadtest.scenarios.scenario import FILE, scenario

RIGHT = """[peak]
journeys = { Visitor = 1 }
users = 3
duration = "5s"
thresholds = [
  "p95<5s",
  "errors:rate<1%",
]
"""


def refusal(tmp_path: Path, content: str) -> WattosError:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(WattosError) as caught:
        scenario("peak", tmp_path / "locustfile.py")
    assert caught.value.exit_code == ExitCode.CONFIG
    return caught.value


def test_the_scenarios_are_whole() -> None:  # defect-8
    names = tomllib.loads((folder() / FILE).read_text())
    assert "smoke" in names
    journeys = (folder() / "journeys" / "__init__.py").read_text()
    for name in names:
        found = scenario(name)
        assert [parse(text) for text in found.thresholds]
        assert all(re.search(rf"\b{journey}\b", journeys) for journey in found.journeys)
        # What agents ask is asked beside --model, and must not surprise who pays.
        assert ("AgentRun" in found.journeys) == ("default" in found.models)


def test_one_without_mistakes_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(RIGHT)
    found = scenario("peak", tmp_path / "locustfile.py")
    assert (found.journeys, found.users, found.spawn_rate, found.duration_s) == ({"Visitor": 1}, 3, 3, 5.0)
    assert found.thresholds == ("p95<5s", "errors:rate<1%")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[peak]", "peak", "1:5: Expected '=' after a key"),
        ("users = 3", "users = 'five'", "3:1: peak.users: input should be a valid integer."),
        ("users = 3", "users = true", "3:1: peak.users: input should be a valid integer."),
        ("users = 3", "users = 0", "3:1: peak.users: input should be greater than or equal to 1."),
        ("users = 3", "user = 3", "3:1: unknown key 'user'. Did you mean 'users'?"),
        ("users = 3\n", "", "1:2: peak.users is missing."),
        ("users = 3", "users = 3\nspawn_rate = 0", "4:1: peak.spawn_rate: input should be greater than 0."),
        ('"5s"', '"5x"', "4:1: peak.duration: '5x' has the unknown unit 'x'"),
        ('"errors:rate<1%"', "5", "7:3: peak.thresholds: input should be a valid string."),
        ("users = 3", "users = 3\nmodels = 'default'", "4:1: peak.models: input should be a valid tuple."),
        ("users = 3", "users = 3\nmodels = ['a', '']", "4:16: peak.models: string should have at least 1"),
        ("Visitor = 1", "Visitor = 0", "2:14: peak.journeys.Visitor: input should be greater than"),
        ("{ Visitor = 1 }", "{}", "2:1: peak.journeys: dictionary should have at least 1 item"),
        ("[peak]", "other = 5\n[peak]", "1:1: other: expected a table, [other]."),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in RIGHT
    error = refusal(tmp_path, RIGHT.replace(old, new))
    assert f"thresholds.toml:{told}" in error.message
    assert "one table a scenario" in error.hint


def test_the_grammar_of_a_threshold_keeps_its_mark(tmp_path: Path) -> None:
    error = refusal(tmp_path, RIGHT.replace("errors:rate<1%", "errors:rate<1ms"))
    told, shown, mark = error.message.split("\n")
    assert told == "thresholds.toml:7:17: peak.thresholds: unknown unit 'ms' (known here: %)."
    assert shown.strip().startswith('"errors:rate<1ms"')
    assert mark.index("^") == shown.index("ms")


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    second = RIGHT.replace("[peak]", "[night]").replace("users = 3", "users = 0")
    told = refusal(tmp_path, RIGHT.replace('"5s"', '"0s"') + second).details["problems"]
    assert [problem["where"] for problem in told] == ["thresholds.toml:4:1", "thresholds.toml:11:1"]


def test_without_the_file_it_is_said_what_would_stand_there(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match=r"there is no file .*thresholds\.toml") as caught:
        scenario("peak", tmp_path / "locustfile.py")
    assert caught.value.exit_code == ExitCode.CONFIG
    assert "[NAME]" in caught.value.hint


def test_an_unknown_scenario_suggests_the_nearest() -> None:
    with pytest.raises(WattosError, match=r"Did you mean 'smoke'\?"):
        scenario("smok")
