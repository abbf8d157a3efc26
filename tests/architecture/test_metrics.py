"""The registry and the code that counts name the same families, each where its service has it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from wattos_platform.catalog import SERVICES
from wattos_platform.contracts.metrics import FAMILIES

PLATFORM = Path(__file__).resolve().parents[2] / "platform" / "wattos_platform"
BY_NAME = {family.name: family for family in FAMILIES}
ASKING = {"counter", "tally", "gauge", "histogram", "forget", "each", "reading"}
FILES = sorted(path for path in PLATFORM.rglob("*.py") if "contracts" not in path.parts)


def asked_for(path: Path) -> Iterator[str]:
    """Return the names of metrics that a file asks a meter for."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        first = node.args[0] if node.args else None
        if node.func.attr in ASKING and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def test_every_name_that_is_asked_for_is_in_the_registry() -> None:
    asked = {name for path in FILES for name in asked_for(path)}
    assert len(asked) > 40
    assert asked - BY_NAME.keys() == set()


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_a_service_asks_only_for_what_it_exposes(service) -> None:
    folder = PLATFORM / "services" / service.package.rpartition(".")[2]
    asked = {name for path in FILES if folder in path.parents for name in asked_for(path)}
    assert {name for name in asked if not BY_NAME[name].exposed_by(service.name)} == set()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_is_counted_somewhere(family) -> None:
    assert any(f'"{family.name}"' in path.read_text(encoding="utf-8") for path in FILES)
