"""What a shell completes: names that a person would otherwise have to look up."""

import io
import os
import sys
from pathlib import Path

import pytest

from tests.fakes.cli.deps import make_deps, write_running
from wattos_cli.app import COMPLETION_VARIABLE, execute


def completed(line: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what bash offers for the last word of `line`."""
    words = line.split(" ")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    for name, value in {
        COMPLETION_VARIABLE: "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        execute([], deps=make_deps(environ=os.environ))
    assert isinstance(sys.stdout, io.StringIO)
    return sys.stdout.getvalue().split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("wattos health ga", ["gateway"]),
        ("wattos down sh", ["shop"]),
        ("wattos logs sim", ["simulator"]),
        ("wattos restart ra", ["rag"]),
        ("wattos up --with re", ["redis"]),
        ("wattos up --provider an", ["anthropic"]),
        ("wattos loadtest run chat", ["chat", "chat-stream"]),
        ("wattos drill run llm-4", ["llm-429"]),
        ("wattos alerts show Service", ["ServiceDown"]),
        ("wattos help exit", ["exit-codes"]),
    ],
)
def test_names_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, offered: list[str]
) -> None:
    write_running(tmp_path, {"name": "chat"}, {"name": "shop", "kind": "own"})
    monkeypatch.chdir(tmp_path)
    assert completed(line, monkeypatch) == offered
