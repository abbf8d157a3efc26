"""The published JSON Schemas, to hold a command's output against."""

import json
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference" / "schemas"


def published(text: str) -> Any:
    """Return the JSON object in `text` after holding it against the schema that it names."""
    body = json.loads(text)
    jsonschema.validate(body, schema(body["schema"]))
    return body


def schema(name: str) -> Any:
    """Return the published schema of that name, e.g. wattos.loadtest/v1."""
    return json.loads((FOLDER / f"{name.replace('/', '.')}.json").read_text())
