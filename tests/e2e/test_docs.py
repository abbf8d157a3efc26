"""Every command and snippet of README and docs/ is run: what a page tells a reader to type must work.

`console` and `sh` blocks run as one shell script each, in page order, in a project whose platform is up; the
few commands that another test covers are listed here. An `output` block after one holds lines of what it
printed, in their order; numbers may differ. `toml` blocks must be valid as wattos.toml.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.running_project import RunningProject

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COVERED_ELSEWHERE = {
    "make up": "tests/e2e/test_install.py",
    ". .venv/bin/activate": "tests/e2e/test_install.py",
    "make test": ".ci/run",
    "wattos up --port-offset 100": "tests/e2e/test_up_platform.py",
}
RUN = {"console", "sh", "toml", "output"}
SHOWN = {"text", "json"}
_BLOCK = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of a page; `output` are lines that a reader is told to expect of it."""

    page: str
    kind: str
    text: str
    output: str = ""


def blocks_of(page: Path) -> list[Block]:
    found: list[Block] = []
    for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "output":
            found[-1] = found[-1]._replace(output=text)
        found.append(Block(str(page.relative_to(ROOT)), kind, text))
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of_kind(kind: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind == kind]


@pytest.fixture(scope="module")
def reader(platform: RunningProject, tmp_path_factory: pytest.TempPathFactory) -> RunningProject:
    """A project as a reader of the docs has it: docs and load tests at hand, the programs on the PATH."""
    for folder in ("docs", "loadtests"):
        (platform.root / folder).symlink_to(ROOT / folder)
    programs = tmp_path_factory.mktemp("bin")
    installed = {"wattos": ["-P", "-m", "wattos_cli"], "locust": ["-P", "-m", "locust"], "python": []}
    for name, argv in installed.items():
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *argv])} "$@"\n')
        script.chmod(0o755)
    platform.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    return platform


def missing(expected: str, printed: str) -> list[str]:
    """Return the lines of `expected` that `printed` lacks at their place, whatever the numbers and widths."""
    lines = iter([plain(line) for line in printed.splitlines()])
    return [line for line in expected.splitlines() if plain(line) not in lines]


def plain(line: str) -> str:
    return " ".join(re.sub(r"\d+", "0", line).split())


def typed(block: Block) -> list[str]:
    """Return the commands of a block that no other test covers."""
    lines = block.text.splitlines()
    commands = lines if block.kind == "sh" else [line[2:] for line in lines if line.startswith("$ ")]
    return [command for command in commands if command not in COVERED_ELSEWHERE]


SCRIPTS = [block for block in BLOCKS if block.kind in {"console", "sh"} and typed(block)]


@pytest.mark.parametrize("block", SCRIPTS, ids=lambda block: f"{block.page}-{typed(block)[0]}")
def test_what_a_page_says_to_type_works(reader: RunningProject, block: Block) -> None:
    assert reader.wattos("up").returncode == 0
    script = "set -e\n" + "\n".join(typed(block))
    environ = reader.process_environ()
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=reader.root,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    assert missing(block.output, done.stdout) == [], done.stdout


@pytest.mark.parametrize("block", of_kind("toml"), ids=lambda block: f"{block.page}-{block.text.split()[0]}")
def test_a_snippet_of_configuration_is_valid(tmp_path: Path, project: RunningProject, block: Block) -> None:
    project.configure(block.text)
    done = project.wattos("config", "validate", environ={"HOUSE_KEY": "x", "OPENAI_API_KEY": "x"})
    assert done.returncode == 0, done.stderr


def test_every_kind_of_block_is_checked_or_only_shown() -> None:
    assert {block.kind for block in BLOCKS} <= RUN | SHOWN


def test_the_commands_covered_elsewhere_are() -> None:
    assert all((ROOT / place).exists() for place in COVERED_ELSEWHERE.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8"))
    targets = [(page.parent / link if link else page, anchor) for link, anchor in links]
    assert [str(target) for target, _ in targets if not target.exists()] == []
    anchored = [(target, anchor) for target, anchor in targets if anchor]
    assert [f"{target}#{anchor}" for target, anchor in anchored if anchor not in anchors_of(target)] == []


def anchors_of(page: Path) -> set[str]:
    """Return the names by which a page's headings can be linked to, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
