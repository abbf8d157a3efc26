"""The names of the journeys that there are, read and not imported: a journey is code of the generator's."""

import ast
from pathlib import Path

from wattos_cli.loadtest.scenarios.places import folder

_LIST = "JOURNEYS"


def journey_names(root: Path | None = None) -> set[str]:
    """Return what loadtests/journeys lists in `JOURNEYS`."""
    path = (root or folder()) / "journeys" / "__init__.py"
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and _LIST in {ast.unparse(target) for target in node.targets}:
            found |= {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
    return found
