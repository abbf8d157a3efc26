"""Help is answered from generated pages, which are never stale, without importing anything slow."""

import subprocess
import sys
from pathlib import Path

import pytest

from wattos_cli.app import TREE
from wattos_cli.help import PAGES, answer, highlighted, page
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
        (["--version"], "wattos 0.1.0\n"),
        (["no-such", "--help"], None),
        (["help", "../../x"], None),
        (["ask", "--", "--help"], None),
        (["ps"], None),
    ],
)
def test_answer(argv: list[str], expected: str | None) -> None:
    assert answer(argv) == expected


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
