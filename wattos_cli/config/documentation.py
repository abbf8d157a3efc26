"""The settings as a JSON Schema of wattos.toml and as the reference for people."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from wattos_cli.config import limits, platform_settings
from wattos_cli.config.environment import SEED_NAMES
from wattos_cli.config.fields import Field
from wattos_cli.config.schema import FIELDS, PRICE_FIELDS, SECRETS, SERVICE_FIELDS

_JSON_TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "offset": {"type": "integer", "minimum": 0, "multipleOf": 100},
    "count": {"type": "integer", "minimum": 1},
    "boolean": {"type": "boolean"},
    "duration": {"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d)$"},
    "period": {"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d)$", "minimum": 1},
    "strings": {"type": ["array", "string"], "items": {"type": "string"}},
    "price": {"type": ["number", "string"], "minimum": 0, "pattern": r"^\d{1,6}(\.\d{1,6})?$"},
    "day": {"type": "string", "format": "date"},
    "texts": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
}

_INTRODUCTION = """# Configuration

`wattos.toml` stands in the project's folder; no file is needed. A value given as a flag beats a `WATTOS_*`
variable, which beats `wattos.toml`, which beats the default. `wattos config show` prints each value with its
origin, `wattos config validate` names every mistake with line and column, and `wattos config schema` prints
the JSON Schema of the file for your editor.

```toml
port_offset = 100                 # every default port + 100

[llm]
providers = ["openai", "ollama"]  # the order is the order of fallback

[settings]
log_level = "debug"

[services.shop]                   # a service of your own, started and watched like the bundled ones
command = ["python", "-m", "shop"]
port = 8000
health = "/health"
depends_on = ["rag"]
```
"""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of wattos.toml."""
    root = _object()
    for field in FIELDS:
        *parents, last = field.key.split(".")
        node = root
        for parent in parents:
            node = _child(node, parent)
        _put(node, last, _property(field))
    settings = _object()
    for setting in platform_settings.all_settings().values():
        settings["properties"][setting.name] = {**setting.json_schema, "description": setting.description}
    service = _object()
    for field in SERVICE_FIELDS:
        service["properties"][field.key] = _property(field)
    price = _object()
    price["required"] = ["provider", "model", "input", "output"]
    for field in PRICE_FIELDS:
        price["properties"][field.key] = _property(field)
    root["properties"]["llm"]["properties"]["prices"] = {"type": "array", "items": price}
    root["properties"]["limits"], definitions = _limits()
    root["properties"]["settings"] = settings
    root["properties"]["services"] = {"type": "object", "additionalProperties": service}
    schema = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": schema, "title": "wattos.toml", **root, "$defs": definitions}


def _limits() -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return the schema of [limits], and the definitions that it refers to."""
    schema = dict(limits.json_schema())
    definitions = schema.pop("$defs")
    return schema, definitions


def _object() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "additionalProperties": False}


def _child(node: dict[str, Any], name: str) -> dict[str, Any]:
    if name == "*":
        if node["additionalProperties"] is False:
            node["additionalProperties"] = _object()
        return cast("dict[str, Any]", node["additionalProperties"])
    return cast("dict[str, Any]", node["properties"].setdefault(name, _object()))


def _put(node: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    if name == "*":
        node["additionalProperties"] = schema
    else:
        node["properties"][name] = schema


def _property(field: Field) -> dict[str, Any]:
    schema = {**_JSON_TYPES[field.kind], "description": field.description}
    if field.choices:
        schema["enum"] = list(field.choices)
    if field.default not in (None, (), {}):
        schema["default"] = field.default
    return schema


def markdown() -> str:
    """Return the reference of every setting."""
    own = [(f.key, _shown(f.default), f.env, f.description) for f in FIELDS]
    services = [(f.key, _shown(f.default), "", f.description) for f in SERVICE_FIELDS]
    prices = [(f.key, _shown(f.default), "", f.description) for f in PRICE_FIELDS]
    platform = [
        (s.name, _shown(platform_settings.plain(s.default)), ", ".join(s.variables), s.description)
        for s in platform_settings.all_settings().values()
    ]
    return "\n".join(
        [
            _INTRODUCTION,
            "## Keys of wattos.toml",
            "",
            "`*` stands for a name: of a service in `ports` and `scale`, of your choice elsewhere.",
            "",
            _table("key", own),
            "",
            "## [[llm.prices]]",
            "",
            "A price of your own, which is asked before those that wattos knows; one table for each.",
            "`provider`, `model`, `input` and `output` are required.",
            "",
            _table("key", prices),
            "",
            *_limit_tables(),
            "## [services.NAME]",
            "",
            "A name of your own makes your own service: give `command` (it is started) or `url` (it exists)",
            "Under the name of a bundled service only `enabled`, `port` and `env` are allowed.",
            "",
            _table("key", services),
            "",
            "## [settings]",
            "",
            "What the bundled services read. Each is also a variable; the variable wins.",
            "",
            _table("setting", platform),
            "",
            *_names(),
        ]
    )


def _limit_tables() -> list[str]:
    """Return the section on [limits], from the contract that services read it with."""
    schema, definitions = _limits()
    tables = [(name, "", "", node["description"]) for name, node in schema["properties"].items()]
    keys = [
        (name, _shown(node.get("default")), "", node["description"])
        for name, node in definitions["TenantLimits"]["properties"].items()
    ]
    classes = ", ".join(f"`{name}`" for name in definitions["LimitClass"]["enum"])
    return [
        "## [limits]",
        "",
        "What callers may use ([how](../how-to/limits.md)). Each name is a table of its own, such as",
        '`[limits.tenants.acme]`, `[limits.users."acme/anna"]` or `[limits.models."gpt-4.1"]`; it replaces',
        f"the default as a whole. `classes` holds a rate for each of {classes}.",
        "",
        _table("table", tables),
        "",
        "Each of them may hold these keys; `user` and `tenant` are rates, and stand in `tenants` only.",
        "",
        _table("key", keys),
        "",
    ]


def _names() -> list[str]:
    """Return the section on seed names, their twins and secrets in files."""
    return [
        "## Names in the environment",
        "",
        "Each of these may be written with `WATTOS_` before it. When both are set and differ, wattos",
        "stops with exit code 3 and names both: " + ", ".join(f"`{name}`" for name in SEED_NAMES) + ".",
        "",
        "Each secret may be given as a file, by its name with `_FILE` after it: "
        + ", ".join(f"`{name}_FILE`" for name in SECRETS)
        + ".",
        "",
        "A key that is found in the environment is not used until its provider is named in `[llm]",
        "providers` or by `wattos up --provider NAME`: documents do not leave the house because a",
        "variable was set.",
        "",
    ]


def _shown(value: Any) -> str:
    if value in (None, (), {}, ""):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(first: str, rows: Iterable[tuple[str, str, str, str]]) -> str:
    lines = [f"| {first} | default | variable | meaning |", "|---|---|---|---|"]
    for key, default, variable, meaning in rows:
        variables = " ".join(f"`{name}`" for name in variable.split(", ")) if variable else ""
        lines.append(
            f"| `{key}` | {f'`{default}`' if default else ''} | {variables} | {meaning.replace('|', '/')} |"
        )
    return "\n".join(lines)
