"""JSON Schemas as Gemini's Schema, a part of OpenAPI 3.0: references resolved, unknown keywords left out.

What is left out loosens the schema; nothing is ever tightened or turned into something else.
"""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.llm_gateway.domain.formats.honour import cannot
from wattos_platform.services.llm_gateway.domain.formats.openai_request import wrong

_KEPT = frozenset(
    {
        "description", "enum", "format", "maxItems", "maxLength", "maxProperties", "maximum", "minItems",
        "minLength", "minProperties", "minimum", "nullable", "pattern", "required", "title", "type",
        "propertyOrdering", "default", "example",
    }
)  # fmt: skip
_FORMATS = frozenset({"float", "double", "int32", "int64", "enum", "date-time", "date", "time", "duration"})
_DEEPEST = 32  # levels
_LARGEST = 2000  # schemas inside one, its references resolved


def cleaned(model: str, schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return `schema` as Gemini takes it. `where` names it in failures.

    ProviderFailure `caller` for a reference that leads nowhere, `unsupported` for a schema that refers to
    itself: there is no saying it without references.
    """
    return _Cleaner(model, schema, where).clean(schema, 0)


class _Cleaner:
    def __init__(self, model: str, root: Mapping[str, Any], where: str) -> None:
        self._model = model
        self._root = root
        self._where = where
        self._size = 0

    def clean(self, schema: Any, depth: int) -> dict[str, Any]:
        if not isinstance(schema, Mapping):
            return {}
        self._size += 1
        if depth > _DEEPEST or self._size > _LARGEST:
            raise cannot(self._model, self._where)
        if isinstance(schema.get("$ref"), str):
            beside = {name: value for name, value in schema.items() if name != "$ref"}
            return self.clean({**self._target(schema["$ref"]), **beside}, depth + 1)
        made = {name: value for name, value in schema.items() if name in _KEPT and value is not None}
        if made.get("format") not in _FORMATS:
            made.pop("format", None)
        self._below(made, schema, depth)
        _constants(made, schema)
        _types(made)
        return made

    def _below(self, made: dict[str, Any], schema: Mapping[str, Any], depth: int) -> None:
        """Put the cleaned schemas inside `schema` into `made`."""
        if isinstance(schema.get("properties"), Mapping):
            made["properties"] = {
                name: self.clean(item, depth + 1) for name, item in schema["properties"].items()
            }
        if "items" in schema:
            made["items"] = self.clean(schema["items"], depth + 1)
        for name in ("anyOf", "oneOf"):
            if isinstance(schema.get(name), list):
                made["anyOf"] = [self.clean(item, depth + 1) for item in schema[name]]
        for item in schema.get("allOf") or ():
            inner = self.clean(item, depth + 1)
            made["properties"] = {**made.get("properties", {}), **inner.pop("properties", {})}
            made["required"] = list(dict.fromkeys([*made.get("required", ()), *inner.pop("required", ())]))
            made |= inner

    def _target(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        for name in reference.removeprefix("#").strip("/").split("/"):
            step = name.replace("~1", "/").replace("~0", "~")
            found = found.get(step) if isinstance(found, Mapping) and name else found
        if not reference.startswith("#") or not isinstance(found, Mapping):
            raise wrong(self._where, f"the reference {reference[:80]!r} leads nowhere")
        return found


def _constants(made: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Say `const` as an enum of one; Gemini's enums hold texts alone, so others are left out."""
    if "const" in schema:
        made["enum"] = [schema["const"]]
    values = made.get("enum")
    if not isinstance(values, list):
        return
    texts = [value for value in values if isinstance(value, str)]
    if None in values:
        made["nullable"] = True
    if len(texts) + (None in values) != len(values) or not texts:
        del made["enum"]
        return
    made["enum"] = texts
    made.setdefault("type", "STRING")


def _types(made: dict[str, Any]) -> None:
    """Say a list of types as one type, `nullable`, or alternatives; and null among alternatives as well."""
    types = made.get("type")
    if isinstance(types, list):
        del made["type"]
        made["anyOf"] = [{"type": str(name).upper()} for name in types]
    elif isinstance(types, str):
        made["type"] = types.upper()
    if "anyOf" in made:
        _alternatives(made)
    for name in ("properties", "required"):
        if name in made and not made[name]:
            del made[name]


def _alternatives(made: dict[str, Any]) -> None:
    kept = [item for item in made["anyOf"] if item.get("type") != "NULL"]
    if len(kept) < len(made["anyOf"]):
        made["nullable"] = True
    made["anyOf"] = kept
    if len(kept) <= 1:
        del made["anyOf"]
        made |= kept[0] if kept else {}
