"""README and docs/ as a reader follows them: what a page tells to type, typed in a project that runs.

`console` and `sh` blocks run as one shell script each, in page order; the few commands that another test
covers are listed here. An `output` block after one holds lines of what it printed, in their order; numbers
may differ.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.fakes.project.running import REPOSITORY, RunningProject
from wattos_platform import catalog

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
COVERED_ELSEWHERE = {
    "make up": "tests/e2e/test_install.py",
    ". .venv/bin/activate": "tests/e2e/test_install.py",
    "make test": ".ci/run",
    "wattos drill run llm-outage": "tests/e2e/test_drills.py",
    "wattos drill run --all --report out/ --junit drills.xml": "tests/e2e/test_drills.py",
    "wattos up --port-offset 100": "tests/e2e/test_up_platform.py",
}
RUN = {"console", "sh", "toml", "output"}
SHOWN = {"text", "json"}
# Pages that test modules of their own follow, each in a project of its own: so they can run at the same time.
HOW_TO = ("docs/how-to/",)
OBSERVING = ("docs/OBSERVABILITY.md", "docs/runbooks/")
# What a reader has as docs/: enough for the questions that pages ask. test_questions.py takes in all of them,
# which keeps a processor busy for a minute.
_AT_HAND = ("getting-started.md", "architecture.md", "reference/exit-codes.md")
_STARTED = {service.name for service in catalog.SERVICES if service.default}
_BLOCK = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMEOUT_S = 100


class Block(NamedTuple):
    """A block of a page; `output` are lines that a reader is told to expect of it."""

    page: str
    kind: str
    text: str
    output: str = ""

    @property
    def typed(self) -> list[str]:
        """Return the commands that no other test covers."""
        lines = self.text.splitlines()
        commands = lines if self.kind == "sh" else [line[2:] for line in lines if line.startswith("$ ")]
        return [command for command in commands if command not in COVERED_ELSEWHERE]

    @property
    def title(self) -> str:
        """Return what a test of it is called."""
        return f"{self.page}-{self.typed[0] if self.kind in {'console', 'sh'} else self.text.split()[0]}"


def _blocks_of(page: Path) -> list[Block]:
    found: list[Block] = []
    for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "output":
            found[-1] = found[-1]._replace(output=text)
        found.append(Block(str(page.relative_to(REPOSITORY)), kind, text))
    return found


BLOCKS = [block for page in PAGES for block in _blocks_of(page)]
SCRIPTS = [block for block in BLOCKS if block.kind in {"console", "sh"} and block.typed]


def with_programs(project: RunningProject, folder: Path) -> RunningProject:
    """Give a project what a reader has: docs and load tests at hand, the programs of `folder` on the PATH."""
    (project.root / "loadtests").symlink_to(REPOSITORY / "loadtests")
    for page in _AT_HAND:
        (project.root / "docs" / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / "docs" / page, project.root / "docs" / page)
    installed = {"wattos": ["-P", "-m", "wattos_cli"], "locust": ["-P", "-m", "locust"], "python": []}
    for name, argv in installed.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *argv])} "$@"\n')
        script.chmod(0o755)
    project.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    return project


def follow(reader: RunningProject, block: Block) -> None:
    """Type what a block says while the platform is up; AssertionError when it does not do what it should."""
    if not _is_up(reader):
        assert reader.wattos("up").returncode == 0
    script = "set -e\n" + "\n".join(block.typed)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=reader.root,
        env=reader.process_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    assert _missing(block.output, done.stdout) == [], done.stdout


def _is_up(reader: RunningProject) -> bool:
    """Return whether all is ready that `up` starts again when a block took it down."""
    try:
        rows = reader.state()["services"]
    except FileNotFoundError:
        return False
    return {row["name"] for row in rows if row["state"] == "ready"} >= _STARTED


def _missing(expected: str, printed: str) -> list[str]:
    """Return the lines of `expected` that `printed` lacks at their place, whatever the numbers and widths."""
    lines = iter([_plain(line) for line in printed.splitlines()])
    return [line for line in expected.splitlines() if _plain(line) not in lines]


def _plain(line: str) -> str:
    return " ".join(re.sub(r"\d+", "0", line).split())
