"""Paths of code that docs name exist: who moves a file finds its name in the docs too."""

import re
from fnmatch import fnmatch
from pathlib import PurePosixPath

import pytest

from tests.architecture.test_layout import ROOT, tracked

_TOKEN = re.compile(r"`([\w*-]+(?:/[\w.*-]+)*/?)`|`([\w*-]+\.py)`")
_ROOTS = ("wattos_cli", "platform", "kernel", "services", "loadtests", "dashboards", "docs", "tests")
_PLATFORM = "platform/wattos_platform"
_BASES = ("", _PLATFORM, f"{_PLATFORM}/services", f"{_PLATFORM}/services/llm_gateway", "wattos_cli")
"""Where a path in docs/architecture.md may begin; `One model request` is about llm_gateway."""
_HELD_BY = re.compile(r"(?:tests|loadtests)/[\w.*/-]*[\w*]|[\w*-]+\.py")
"""What the last part of a decision names: tests and measurements, without marks of code around them."""

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))


@pytest.fixture(scope="module")
def paths() -> set[str]:
    files = {path.relative_to(ROOT).as_posix() for path in tracked("")}
    return files | {str(folder) for file in files for folder in PurePosixPath(file).parents}


def named(text: str) -> list[str]:
    """Return what of a text names code: modules, and folders below one that everybody knows."""
    found = [(whole or module).rstrip("/") for whole, module in _TOKEN.findall(text)]
    return [each for each in found if each.endswith(".py") or each.split("/")[0] in _ROOTS]


def is_there(name: str, bases: set[str], paths: set[str]) -> bool:
    return any(fnmatch(path, f"{base}/{name}".lstrip("/")) for base in bases for path in paths)


def around(name: str) -> tuple[str, ...]:
    """Return the folders in which that lies which a line names after `name`: beside it, or in it."""
    folder = name.rpartition("/")[0]
    return (folder,) if name.endswith(".py") else (folder, name)


def test_architecture_names_what_is_there(paths: set[str]) -> None:
    missing = []
    for line in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines():
        bases = set(_BASES)
        for name in named(line):
            if not is_there(name, bases, paths):
                missing.append(name)
            bases |= {f"{base}/{beside}".strip("/") for base in _BASES for beside in around(name)}
    assert missing == []


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_a_page_names_what_is_there(page: str, paths: set[str]) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [
        name
        for name in named(text)
        if not any(fnmatch(path, name) or fnmatch(path, f"*/{name}") for path in paths)
    ] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/adr/")])
def test_a_decision_is_held_by_what_is_there(page: str, paths: set[str]) -> None:
    held_by = (ROOT / page).read_text(encoding="utf-8").partition("\n## Held by\n")[2]
    assert [
        name
        for name in _HELD_BY.findall(held_by)
        if not any(fnmatch(path, name) or fnmatch(path, f"*/{name}") for path in paths)
    ] == []
