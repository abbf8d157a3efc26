"""One list of services, from which everything else is derived."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

from wattos_platform import catalog

ROOT = Path(__file__).resolve().parents[2]
MULTIPLE = 100


def test_default_ports_are_unique_and_fit_a_block() -> None:  # defect-38
    entries = len(catalog.SERVICES) + len(catalog.COMPONENTS)
    ports = [*catalog.PORTS.values(), catalog.SUPERVISOR_PORT]
    assert len(ports) == entries + 1, "no name twice"
    assert len(set(ports)) == len(ports)
    assert {port // MULTIPLE for port in ports} == {30}


def test_every_dependency_is_in_the_catalog_and_nothing_depends_on_itself() -> None:  # defect-30
    needs = {service.name: {dep.name for dep in service.depends_on} for service in catalog.SERVICES}
    assert set().union(*needs.values()) <= needs.keys()
    assert set(TopologicalSorter(needs).static_order()) == needs.keys(), "a circle raises CycleError"


def test_no_other_file_of_the_code_lists_the_ports() -> None:  # defect-38
    numbers = "|".join(str(port) for port in catalog.PORTS.values())
    allowed = {"catalog.py"}
    offenders = [
        str(path.relative_to(ROOT))
        for folder in ("wattos_cli", "platform")
        for path in (ROOT / folder).rglob("*.py")
        if path.name not in allowed and re.search(rf"\b({numbers})\b", path.read_text(encoding="utf-8"))
    ]
    assert offenders == []
