"""What a target says of its metrics, type, help and unit, in a file beside its samples."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.store import files


def write(target: Path, families: Mapping[str, Family]) -> None:
    """Keep `families` for the target with that folder; OSError."""
    path = target / files.FAMILIES
    content = json.dumps({name: asdict(family) for name, family in families.items()}, sort_keys=True)
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
    temporary.replace(path)


def read(target: Path) -> Mapping[str, Family]:
    """Return what the target said of its metrics, by name; nothing when that cannot be read."""
    path = target / files.FAMILIES
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_bytes())
        return {name: _family(said) for name, said in document.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}  # of another version


def _family(said: Mapping[str, str]) -> Family:
    if not all(isinstance(word, str) for word in said.values()):
        raise TypeError("a family is told in words")
    return Family(**said)
