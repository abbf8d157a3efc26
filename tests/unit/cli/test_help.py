"""Help is answered from generated pages, which are never stale, without importing anything slow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.cli.deps import make_deps
from wattos_cli.app import TREE, execute
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.help import PAGES, VERBS, answer, highlighted, page
from wattos_cli.reference.documents import all_documents

ROOT = Path(__file__).resolve().parents[3]


def test_generated_documents_are_up_to_date() -> None:
    stale = [
        name
        for name, text in all_documents(TREE).items()
        if not (ROOT / name).exists() or (ROOT / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `PYTHONPATH=.:platform python -m wattos_cli.reference`"


def test_no_page_is_left_over() -> None:
    expected = {name for name in all_documents(TREE) if "/pages/" in name}
    assert {str(path.relative_to(ROOT)) for path in Path(PAGES).rglob("*.txt")} == expected


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], page(())),
        (["--help"], page(())),
        (["-h"], page(())),
        (["help"], page(())),
        (["-C", "x", "--help"], page(())),
        (["help", "exit-codes"], page(("exit-codes",))),
        (["loadtest", "--help"], page(("loadtest",))),
        (["loadtest", "smoke", "--help"], page(("loadtest", "run"))),
        (["loadtest", "report", "--help"], page(("loadtest", "report"))),
        (["-o", "json", "loadtest", "--users", "5", "-h"], page(("loadtest", "run"))),
        (["drill", "llm-outage", "--help"], page(("drill", "run"))),
        (["drill", "-o", "json", "--help"], page(("drill", "list"))),
        (["token", "x", "--help"], page(("token",))),
        (["--version"], "wattos 0.1.0\n"),
        (["-V", "-o", "json"], '{"schema": "wattos.version/v1", "version": "0.1.0"}\n'),
        (["no-such", "--help"], None),
        (["help", "../../x"], None),
        (["ask", "--", "--help"], None),
        (["ps"], None),
    ],
)
def test_answer(argv: list[str], expected: str | None) -> None:
    assert answer(argv) == expected


def test_what_a_noun_without_a_verb_means_is_what_the_tree_says() -> None:
    nouns = [entry for entry in TREE if entry.default_verb]
    assert {
        entry.name: (entry.default_verb, entry.naming_verb or entry.default_verb) for entry in nouns
    } == VERBS


def test_unknown_topic_gets_a_suggestion() -> None:
    with pytest.raises(WattosError) as caught:
        execute(["help", "exit-code"], TREE, make_deps())
    assert caught.value.exit_code == ExitCode.USAGE
    assert "Did you mean 'exit-codes'?" in caught.value.message


def test_every_command_has_a_page_with_an_example() -> None:
    names = [(entry.name, *rest) for entry in TREE for rest in ([(c.name,) for c in entry.children] or [()])]
    assert [name for name in names if "Examples:\n  wattos " not in (page(name) or "")] == []


@pytest.mark.parametrize(
    "argv", [["ps"], ["health"], ["logs"], ["token", "create"], ["down"], ["config", "validate"]]
)
def test_a_correct_command_line_imports_neither_typer_nor_http_libraries(
    argv: list[str], tmp_path: Path
) -> None:
    code = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "platform")!r}]
from wattos_cli.__main__ import main
main({argv!r})
print(sorted(sys.modules))
"""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WATTOS_")}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environ,
    )
    loaded = set(eval(done.stdout.splitlines()[-1]))
    assert loaded.isdisjoint({"typer", "rich", "httpx", "pydantic", "structlog", "asyncio", "urllib.request"})


def test_headings_are_highlighted() -> None:
    assert highlighted("Options:\n  x:\n") == "\033[1mOptions:\033[0m\n  x:\n"


def test_help_imports_nothing_slow() -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from wattos_cli.__main__ import main
main(["--help"])
print(sorted(sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(eval(done.stderr))
    assert loaded.isdisjoint({"typing", "enum", "re", "json", "dataclasses", "pathlib", "typer", "argparse"})
    assert done.stdout == page(())
