"""What the last `up` was given and this one is not is told, and never kept silently."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import err, make_deps, write_running
from wattos_cli.config import load
from wattos_cli.project import Project
from wattos_cli.supervisor import last_flags, up_messages
from wattos_cli.supervisor.desired import Request
from wattos_cli.supervisor.last_flags import LastFlags

OPENAI = {"llm.providers": ("openai",)}


@pytest.mark.parametrize(
    ("last", "now", "toml", "told"),
    [
        pytest.param({"flags": OPENAI}, {}, "", ["--provider openai"], id="provider"),
        pytest.param(
            {"flags": {"llm.providers": ("azure", "openai")}},
            {},
            "",
            ["--provider azure", "--provider openai"],
            id="two-in-their-order",
        ),
        pytest.param({"flags": OPENAI}, {"flags": OPENAI}, "", [], id="given-again"),
        pytest.param({"flags": OPENAI}, {"flags": {"llm.providers": ("ollama",)}}, "", [], id="another"),
        pytest.param({"flags": OPENAI}, {}, '[llm]\nproviders = ["openai"]', [], id="in-the-file-now"),
        pytest.param({"flags": {"up.timeout": 3.0}}, {}, "", [], id="changes-nothing-that-runs"),
        pytest.param({"flags": {"env.file": "/a b"}}, {}, "", ["--env-file '/a b'"], id="env-file"),
        pytest.param({"also": ("redis",)}, {}, "", ["--with redis"], id="with"),
        pytest.param({"also": ("redis",)}, {}, '[up]\nwith = ["redis"]', [], id="with-in-the-file-now"),
        pytest.param({"scale": {"chat": 3}}, {"scale": {"rag": 2}}, "", ["--scale chat=3"], id="scale"),
        pytest.param({"scale": {"chat": 3}}, {"scale": {"chat": 1}}, "", [], id="another-scale"),
    ],
)
def test_flags_that_are_not_given_again_are_told(
    tmp_path: Path, last: dict[str, Any], now: dict[str, Any], toml: str, told: list[str]
) -> None:
    (tmp_path / "wattos.toml").write_text(toml)
    project = Project(tmp_path)
    project.prepare()
    last_flags.remember(project, last_flags.of(Request(**last)))
    given = last_flags.of(Request(**now))
    config = load(tmp_path, {}, now.get("flags", {}))
    assert last_flags.dropped(last_flags.recall(project), given, config, fresh=True) == told


def test_what_runs_keeps_its_replicas_and_what_runs_beside_it(tmp_path: Path) -> None:
    last = LastFlags({}, ("redis",), {"chat": 3})
    assert last_flags.dropped(last, LastFlags(), load(tmp_path, {}), fresh=False) == []


def test_flags_hold_for_what_runs_only(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.prepare()
    last_flags.remember(project, LastFlags({"llm.providers": ["openai"]}))
    assert last_flags.in_force(project) == {}
    write_running(tmp_path, {"name": "chat"})
    assert last_flags.in_force(project) == {"llm.providers": ["openai"]}


@pytest.mark.parametrize("content", ["", "[]", '{"settings": 3, "also": 3, "scale": []}'])
def test_a_file_that_is_not_ours_is_nothing(tmp_path: Path, content: str) -> None:
    project = Project(tmp_path)
    project.prepare()
    project.flags_file.write_text(content)
    assert last_flags.recall(project) == LastFlags()


def test_the_command_that_brings_them_back_is_told(tmp_path: Path) -> None:
    deps = make_deps(cwd=tmp_path)
    up_messages.tell_dropped([], deps)
    assert err(deps) == ""
    up_messages.tell_dropped(["--provider openai"], deps)
    assert "To have it again: wattos up --recreate --provider openai\n" in err(deps)
