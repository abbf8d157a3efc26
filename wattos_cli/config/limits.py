"""`[limits]`: rates and quotas; what is allowed there says the contract that services read it with."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from wattos_cli.config.model import Setting
from wattos_cli.config.sources import Document, dotted, leaves, note_unknown

_TABLE = "limits"
_KEY = "[key]"  # in the place of an error: the key itself is wrong, not its value
_EXPECTS_A_TABLE = frozenset({"dict_type", "model_type"})


def parse(document: Document) -> Mapping[str, Any]:
    """Return `[limits]` as services read it, empty without one; problems are noted in `document`.

    Imports pydantic only when there is something to validate.
    """
    table = document.table(_TABLE)
    if not table:
        return {}
    from pydantic import ValidationError

    from wattos_platform.contracts.limits import Limits

    try:
        Limits.model_validate(table)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            _note(document, found["type"], tuple(map(str, found["loc"])), found)
    return table


def settings(document: Document, table: Mapping[str, Any]) -> Iterator[Setting]:
    """Yield each given value with its place."""
    for path, value in leaves(table, (_TABLE,)):
        yield Setting(dotted(path), value, document.where(path))


def _note(document: Document, kind: str, loc: Sequence[str], found: Mapping[str, Any]) -> None:
    from wattos_cli.config.platform_settings import reason

    is_key = loc[-1:] == (_KEY,)
    path = (_TABLE, *(loc[:-1] if is_key else loc))
    known = _names_in(path[1:-1])
    if kind == "extra_forbidden" or (is_key and known):
        note_unknown(document, path, known)
    elif kind in _EXPECTS_A_TABLE:
        name, value = dotted(path), found["input"]
        document.problem(path, f"{name}: expected a table like [{name}], got {value!r}.")
    else:
        document.problem(path, f"{dotted(path)}: {reason(found['msg'], found.get('ctx'))}.")


@cache
def json_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of the table, with what it refers to under `$defs`."""
    from wattos_platform.contracts.limits import Limits

    return Limits.model_json_schema()


def _names_in(path: Sequence[str]) -> set[str]:
    """Return the keys that the table at `path` (below [limits]) may have; none when any name will do."""
    node = json_schema()
    for part in path:
        inner = node.get("properties", {}).get(part) or node.get("additionalProperties")
        node = _resolved(inner if isinstance(inner, dict) else {})
    return set(node.get("properties") or _resolved(node.get("propertyNames", {})).get("enum", ()))


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(node.get("$ref", "")).rpartition("/")[2]
    return json_schema()["$defs"][name] if name else node
