"""[defect-8] Every program, module, target, command and file that the project names is there."""

import importlib
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from wattos_cli.app import TREE
from wattos_cli.dispatch.tree import Entry
from wattos_platform.catalog import SERVICES

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("docs/**/*.yml"), ROOT / ".ci/run"]
)
_TARGET = re.compile(r"^([\w.$()/-]+):(?!=)", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_BLOCK = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:\$ |run: |`|\$\()wattos ([a-z][a-z-]*)(?: ([a-z]+))?")
_COMMAND_IN_BLOCK = re.compile(r"^wattos ([a-z][a-z-]*)(?: ([a-z]+))?", re.MULTILINE)


def named(pattern: str, *texts: str) -> list[str]:
    return sorted({found for text in texts for found in re.findall(pattern, text)})


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def tree(entries: tuple[Entry, ...] = TREE) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        yield from tree(entry.children)


@pytest.mark.parametrize(
    "script", [pytest.param(name, id=f"defect-8-{name}") for name in PROJECT["project"]["scripts"]]
)
def test_an_installed_program_starts_at_a_function_that_exists(script: str) -> None:
    module, _, function = PROJECT["project"]["scripts"][script].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_command_has_a_module_that_makes_it() -> None:
    modules = {entry.module for entry in tree() if entry.module}
    assert [module for module in modules if not callable(importlib.import_module(module).command)] == []


def test_every_service_of_the_catalog_has_a_factory() -> None:
    for service in SERVICES:
        module, _, function = service.factory.partition(":")
        assert callable(getattr(importlib.import_module(module), function)), service.name


def test_every_file_that_the_build_names_is_there() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    sdist = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    names = [*wheel["packages"], *wheel["force-include"], *(name.lstrip("/") for name in sdist)]
    names += [PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]]
    names += PROJECT["tool"]["pytest"]["ini_options"]["testpaths"]
    names += named(r"\b((?:constraints|tests)/[\w./-]*\w)", MAKEFILE)
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_make_target_that_is_named_exists() -> None:  # defect-8
    targets = set(_TARGET.findall(MAKEFILE))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    texts = [page.read_text() for page in PAGES]
    assert set(phony.split()) <= targets
    assert set(named(r"(?:`|^|\s)make ([a-z0-9]+)(?:`|$|,| *#)", *texts)) <= targets


def test_every_module_that_is_run_can_be_run() -> None:  # defect-8
    sources = [path.read_text() for path in (ROOT / "wattos_cli").rglob("*.py")]
    modules = named(
        r"-m ((?:wattos_|tests|loadtests)[\w.]*\w)", MAKEFILE, *sources, *(p.read_text() for p in PAGES)
    )
    modules += named(r'"-m", "(wattos_[\w.]+)"', *sources)
    assert modules
    assert [module for module in modules if not runnable(module)] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text()) if not link.startswith(("http", "mailto:"))]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_command_of_a_page_exists(page: Path) -> None:
    known = {entry.name: entry for entry in TREE}
    text = page.read_text()
    in_blocks = [found for block in _BLOCK.findall(text) for found in _COMMAND_IN_BLOCK.findall(block)]
    for noun, verb in [*_COMMAND.findall(text), *in_blocks]:
        assert noun in known, f"wattos {noun}"
        children = {child.name for child in known[noun].children}
        if children and verb and not known[noun].default_verb:
            assert verb in children, f"wattos {noun} {verb}"


def runnable(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    if spec is None:
        return False
    return (
        spec.submodule_search_locations is None or importlib.util.find_spec(f"{module}.__main__") is not None
    )
