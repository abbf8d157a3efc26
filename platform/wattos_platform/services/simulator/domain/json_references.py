"""What a schema refers to, and what its branches add up to."""

from collections.abc import Mapping
from typing import Any

_MOST_STEPS = 20


def resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a local `$ref` points to, {} for one that leads nowhere or round in a circle."""
    for _ in range(_MOST_STEPS):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str):
            return schema if isinstance(schema, Mapping) else {}
        schema = root
        for part in filter(None, reference.removeprefix("#").split("/")):
            name = part.replace("~1", "/").replace("~0", "~")
            schema = schema.get(name) if isinstance(schema, Mapping) else None
    return {}


def merged(schema: Mapping[str, Any], part: Any, without: str) -> Mapping[str, Any]:
    """Return `schema` narrowed by one branch of it, which stood under the name `without`."""
    rest = {name: value for name, value in schema.items() if name != without}
    if not isinstance(part, Mapping):
        return rest
    both = {**rest, **part}
    mine, theirs = rest.get("properties"), part.get("properties")
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        both["properties"] = {**mine, **theirs}
    mine, theirs = rest.get("required"), part.get("required")
    if isinstance(mine, list) and isinstance(theirs, list):
        both["required"] = [*mine, *theirs]
    return both
