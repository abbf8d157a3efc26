"""The published JSON Schemas, to hold a command's output against."""

import json
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference" / "schemas"


def published(text: str) -> Any:
    """Return the JSON object in `text` after holding it against the schema that it names."""
    body = json.loads(text)
    path = FOLDER / f"{body['schema'].replace('/', '.')}.json"
    jsonschema.validate(body, json.loads(path.read_text()))
    return body
