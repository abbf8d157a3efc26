"""The smallest JSON document that fits a schema, always the same one."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_platform.services.simulator.domain.json_bounds import least_number, least_text, whole_number
from wattos_platform.services.simulator.domain.json_references import merged, resolved
from wattos_platform.services.simulator.domain.requests import mapping

_DEEPEST = 20
_MOST_VALUES = 10_000


def instance_of(schema: Mapping[str, Any]) -> Any:
    """Return a document that fits `schema`: required properties only, least numbers, shortest texts.

    Known are JSON Schema's type, enum, const, required, items, minItems, prefixItems, bounds, lengths,
    formats, anyOf, oneOf, allOf and local $ref, and Google's upper-case types. `pattern` is not. What makes
    no sense is passed over; null stands for what lies deeper than 20 or comes after 10,000 values.
    """
    return _Maker(schema).make(schema, 0)


class _Maker:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = _MOST_VALUES

    def make(self, schema: Any, depth: int) -> Any:
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > _DEEPEST or self._left < 0:
            return None
        schema = resolved(schema, self._root)
        if "const" in schema:
            return schema["const"]
        enum = _sequence(schema.get("enum"))
        if enum:
            return enum[0]
        for name in ("anyOf", "oneOf"):
            if branches := _sequence(schema.get(name)):
                return self.make(merged(schema, branches[0], name), depth + 1)
        if parts := _sequence(schema.get("allOf")):
            whole = schema
            for part in parts:
                whole = merged(whole, resolved(part, self._root), "allOf")
            return self.make(whole, depth + 1)
        return self._typed(schema, depth)

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = _type_of(schema)
        if kind == "object":
            properties = mapping(schema.get("properties"))
            names = [name for name in _sequence(schema.get("required")) if isinstance(name, str)]
            return {name: self.make(properties.get(name, {}), depth + 1) for name in names}
        if kind == "array":
            first = [self.make(item, depth + 1) for item in _sequence(schema.get("prefixItems"))]
            missing = min(whole_number(schema.get("minItems")) - len(first), self._left)
            return first + [self.make(schema.get("items", {}), depth + 1) for _ in range(missing)]
        if kind == "string":
            return least_text(schema)
        if kind in ("integer", "number"):
            return least_number(schema, whole=kind == "integer")
        return False if kind == "boolean" else None


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if isinstance(kind, str):
        return kind.lower()
    return "object" if "properties" in schema or "required" in schema else "string"
