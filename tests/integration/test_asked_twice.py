"""`make unit` asks a test that failed once more: red if it fails again, else named (docs/adr/0036)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ONCE = """
from pathlib import Path

def test_fails_once():
    mark = Path("failed")
    seen = mark.exists()
    mark.touch()
    assert seen
"""
ALWAYS = "def test_fails_always():\n    assert False\n"
GOOD = "def test_good():\n    pass\n"


def make_unit(root: Path, **modules: str) -> subprocess.CompletedProcess[str]:
    """Run the target over a project of its own, with this one's Makefile and this installation."""
    for folder in ("architecture", "unit", "contract", "service"):
        (root / "tests" / folder).mkdir(parents=True)
    for name, text in modules.items():
        (root / "tests/unit" / f"test_{name}.py").write_text(text)
    venv = root / ".venv"
    (venv / "bin").mkdir(parents=True)
    program = venv / "bin/pytest"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pytest "$@"\n')
    program.chmod(0o700)
    for stamp in (".installed", ".model"):
        (venv / stamp).touch()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAKE"))}
    old = [f"--old-file=.venv/{stamp}" for stamp in (".installed", ".model")]
    command = ["make", "--no-print-directory", "-f", str(ROOT / "Makefile"), *old, "unit"]
    return subprocess.run(
        command, cwd=root, env=environ, capture_output=True, text=True, timeout=100, check=False
    )


def test_what_fails_once_is_named_and_green(tmp_path: Path) -> None:
    done = make_unit(tmp_path, good=GOOD, once=ONCE)
    first, said, second = done.stdout.partition("Failed beside others; asked again, one at a time:")
    assert said
    assert "FAILED tests/unit/test_once.py::test_fails_once" in first
    assert "PASSED tests/unit/test_once.py::test_fails_once" in second
    assert "test_good" not in second
    assert done.returncode == 0


def test_what_fails_always_is_red(tmp_path: Path) -> None:
    done = make_unit(tmp_path, good=GOOD, once=ONCE, bad=ALWAYS)
    assert done.stdout.count("FAILED tests/unit/test_bad.py::test_fails_always") == 2
    assert done.returncode != 0


def test_a_module_that_cannot_be_collected_is_red_though_nothing_else_fails(tmp_path: Path) -> None:
    done = make_unit(tmp_path, good=GOOD, bad="import nothing_of_that_name\n")
    assert done.stdout.count("ERROR tests/unit/test_bad.py") == 2
    assert "FAILED" not in done.stdout
    assert done.returncode != 0


def test_nothing_is_asked_again_when_nothing_failed(tmp_path: Path) -> None:
    done = make_unit(tmp_path, good=GOOD)
    assert "asked again" not in done.stdout
    assert (done.stdout.count("passed"), done.returncode) == (1, 0)
