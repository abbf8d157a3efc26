"""The smallest JSON document that fits a schema, always the same one."""

from collections.abc import Mapping
from typing import Any

_DEEPEST = 20
_FORMATS = {
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "date-time": "2026-01-01T00:00:00Z",
    "duration": "PT1S",
    "email": "someone@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_TEXT = "text"


def instance_of(schema: Mapping[str, Any]) -> Any:
    """Return a document that fits `schema`: required properties only, least numbers, shortest texts.

    Known are JSON Schema's type, enum, const, required, items, minItems, prefixItems, bounds, lengths,
    formats, anyOf, oneOf, allOf and local $ref, and Google's upper-case types. `pattern` is not.
    """
    return _of(schema, schema, 0)


def _of(schema: Any, root: Mapping[str, Any], depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for name in ("anyOf", "oneOf"):
        if schema.get(name):
            return _of(_merged(schema, schema[name][0], name), root, depth + 1)
    if schema.get("allOf"):
        merged = schema
        for part in schema["allOf"]:
            merged = _merged(merged, _resolved(part, root), "allOf")
        return _of(merged, root, depth + 1)
    return _typed(schema, root, depth)


def _typed(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    kind = _type_of(schema)
    if kind == "object":
        properties = schema.get("properties") or {}
        return {name: _of(properties.get(name, {}), root, depth + 1) for name in schema.get("required") or ()}
    if kind == "array":
        first = [_of(item, root, depth + 1) for item in schema.get("prefixItems") or ()]
        missing = max(int(schema.get("minItems") or 0) - len(first), 0)
        return first + [_of(schema.get("items", {}), root, depth + 1)] * missing
    if kind == "string":
        return _text(schema)
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    return False if kind == "boolean" else None


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if isinstance(kind, str):
        return kind.lower()
    return "object" if "properties" in schema or "required" in schema else "string"


def _text(schema: Mapping[str, Any]) -> str:
    text = _FORMATS.get(str(schema.get("format")), _TEXT)
    least, most = int(schema.get("minLength") or 0), schema.get("maxLength")
    text += "x" * (least - len(text))
    return text if most is None else text[: int(most)]


def _number(schema: Mapping[str, Any], *, whole: bool) -> float:
    """Return the number nearest to 0 from below that the bounds allow."""
    step = schema.get("multipleOf") or 1
    least = schema.get("minimum")
    above = schema.get("exclusiveMinimum")
    if isinstance(above, int | float) and not isinstance(above, bool):
        least = above + step if least is None else max(least, above + step)
    most = schema.get("maximum")
    below = schema.get("exclusiveMaximum")
    if isinstance(below, int | float) and not isinstance(below, bool):
        most = below - step if most is None else min(most, below - step)
    value = 0 if least is None else least
    if most is not None and value > most:
        value = most
    value = -(-value // step) * step if least is not None else value // step * step
    return int(value) if whole else value


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a local `$ref` points to, {} for one that leads nowhere."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str):
            break
        schema = root
        for part in reference.removeprefix("#").strip("/").split("/"):
            if part:
                schema = (
                    schema.get(part.replace("~1", "/").replace("~0", "~"))
                    if isinstance(schema, Mapping)
                    else {}
                )
    return schema if isinstance(schema, Mapping) else {}


def _merged(schema: Mapping[str, Any], part: Any, without: str) -> Mapping[str, Any]:
    """Return `schema` narrowed by one branch of it."""
    rest = {name: value for name, value in schema.items() if name != without}
    if not isinstance(part, Mapping):
        return rest
    merged = {**rest, **part}
    for name in ("properties", "$defs"):
        if isinstance(rest.get(name), Mapping) and isinstance(part.get(name), Mapping):
            merged[name] = {**rest[name], **part[name]}
    if isinstance(rest.get("required"), list) and isinstance(part.get("required"), list):
        merged["required"] = list(dict.fromkeys([*rest["required"], *part["required"]]))
    return merged
