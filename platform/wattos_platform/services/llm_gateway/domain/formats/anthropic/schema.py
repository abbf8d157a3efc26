"""JSON Schemas as Anthropic's structured outputs take them.

What the API cannot hold a model to (lengths, ranges, patterns) goes into the description, where the model
reads it; objects are closed. The official SDK does the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.formats.honour import cannot

_KEPT = frozenset({"$ref", "title", "description", "enum", "const", "type", "required", "default"})
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_DEEPEST = 32
_MAPS = ("properties", "$defs", "definitions")
_LISTS = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}


def structured(model: str, schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return `schema` with closed objects, and without keywords that the API refuses.

    ProviderFailure `unsupported` names it by `where` if it is nested more than 32 levels deep.
    """
    if _depth(schema) > _DEEPEST:
        raise cannot(model, where)
    return _closed(schema)


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    told: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _KEPT:
            made[name] = value
        elif name in _MAPS and isinstance(value, Mapping):
            made[name] = {key: _below(item) for key, item in value.items()}
        elif name in _LISTS and isinstance(value, list):
            made[_LISTS[name]] = [_below(item) for item in value]
        elif name == "items":
            made[name] = _below(value)
        elif (name == "minItems" and value in (0, 1)) or (name == "format" and value in _FORMATS):
            made[name] = value
        elif name not in ("additionalProperties", "$schema", "$id"):
            told[name] = value
    if "object" in _types(made) or "properties" in made:
        made["additionalProperties"] = False
    if told:
        limits = ", ".join(
            f"{name}: {msgspec.json.encode(value).decode()}" for name, value in sorted(told.items())
        )
        made["description"] = f"{made.get('description') or ''} ({limits})".strip()
    return made


def _below(item: Any) -> Any:
    return _closed(item) if isinstance(item, Mapping) else item


def _depth(schema: Any) -> int:
    """Return how deep `schema` is nested, counted without recursion and up to a little over the limit."""
    depth, level = 0, [schema]
    while level and depth <= 2 * _DEEPEST + 1:
        depth += 1
        level = [item for each in level for item in _inside(each) if isinstance(item, Mapping | list)]
    return depth // 2


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _types(schema: Mapping[str, Any]) -> list[Any]:
    found = schema.get("type")
    return found if isinstance(found, list) else [found]
