"""The house of architecture.md, held by tests: what lies where, and how large it may be."""

import platform
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
MAX_COMMAND_LINES = 200


def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name.endswith(suffixes) and (ROOT / name).exists()]


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def test_platform_holds_no_module_that_would_shadow_the_standard_library() -> None:
    assert [path.name for path in (ROOT / "platform").glob("*.py")] == []
    assert not (ROOT / "tests" / "platform").exists()
    assert "python" in platform.python_implementation().lower()


def test_no_file_is_larger_than_a_reader_can_hold() -> None:
    assert {str(p.relative_to(ROOT)): lines(p) for p in tracked(".py") if lines(p) > MAX_LINES} == {}


def test_command_files_stay_small() -> None:
    commands = ROOT / "wattos_cli" / "commands"
    assert {p.name: lines(p) for p in commands.rglob("*.py") if lines(p) > MAX_COMMAND_LINES} == {}


def test_most_files_are_about_a_hundred_lines() -> None:
    sizes = sorted(lines(p) for p in tracked(".py") if p.name != "__init__.py" and "tests" not in p.parts)
    assert sizes[len(sizes) // 2] <= 130


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "misc", "manager"])
def test_no_module_is_named_for_nothing(word: str) -> None:
    assert [str(p.relative_to(ROOT)) for p in tracked(".py") if word in p.stem.split("_")] == []


@pytest.mark.parametrize(
    ("tests", "code"),
    [
        ("unit/cli", "wattos_cli"),
        ("unit/kernel", "platform/wattos_platform/kernel"),
        ("unit/services", "platform/wattos_platform/services"),
    ],
)
def test_tests_lie_in_folders_as_their_code_does(tests: str, code: str) -> None:
    folders = {
        path.parent.relative_to(ROOT / "tests" / tests)
        for path in (ROOT / "tests" / tests).rglob("test_*.py")
    }
    assert [str(folder) for folder in sorted(folders) if not (ROOT / code / folder).is_dir()] == []


def test_every_source_file_says_something() -> None:  # defect-6: empty files counted as services
    assert [
        str(p.relative_to(ROOT)) for p in tracked(".py", ".md", ".toml") if not p.read_bytes().strip()
    ] == []


def test_no_committed_file_names_a_machine_or_a_registry_host() -> None:
    needles = [
        b"/".join((b"", b"root", b"")),
        b"files." + b"pythonhosted",
        b"registry." + b"npmjs",
        b"index" + b"-url",
    ]
    found = {
        str(path.relative_to(ROOT)): needle
        for path in tracked("")
        for needle in needles
        if path.is_file() and needle in path.read_bytes()
    }
    assert found == {}


def test_every_decision_record_has_a_number_of_its_own() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    headings = [path.read_text(encoding="utf-8").split(maxsplit=2)[1] for path in records]
    assert headings == [f"{number}." for number in range(1, len(records) + 1)]
