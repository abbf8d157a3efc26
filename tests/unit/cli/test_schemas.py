"""Every JSON shape that the command line names is published."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.fakes.cli.schemas import FOLDER

ROOT = Path(__file__).resolve().parents[3]
# State files and the services' configuration are not output.
INTERNAL = {"wattos.services/v1", "wattos.service-config/v1", "wattos.ports/v1", "wattos.flags/v1"}


def test_every_named_schema_is_published() -> None:
    named = {
        name
        for path in (ROOT / "wattos_cli").rglob("*.py")
        for name in re.findall(r'"(wattos\.[a-z-]+/v1)"', path.read_text())
    }
    published = {path.name.removesuffix(".v1.json") + "/v1" for path in FOLDER.glob("*.v1.json")}
    assert named - INTERNAL == published


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.name)
def test_schema_is_valid(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))
