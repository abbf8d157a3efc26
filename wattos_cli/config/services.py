"""`[services.NAME]`: the user's own services, and what is changed about the bundled ones."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattos_cli.config.model import OwnService, Setting
from wattos_cli.config.problems import suggestion
from wattos_cli.config.schema import BUNDLED, SERVICE_FIELDS
from wattos_cli.config.sources import Document, note_unknown

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_BY_KEY = {field.key: field for field in SERVICE_FIELDS}


@dataclass
class Services:
    """The own services, the given values of bundled ones by name, and each given value with its place."""

    own: list[OwnService] = field(default_factory=list)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)


def parse(document: Document, root: Path, bundled: set[str]) -> Services:
    """Return what `[services.NAME]` tables say; problems are noted in `document`."""
    services = Services()
    for name, table in document.table("services").items():
        path = ("services", name)
        if not isinstance(table, dict):
            document.problem(
                path, f"services.{name}: expected a table like [services.{name}], got {table!r}."
            )
            continue
        known = BUNDLED if name in bundled else set(_BY_KEY)
        values = _values(document, path, table, set(known))
        services.settings += [
            Setting(f"services.{name}.{key}", value, document.where((*path, key)))
            for key, value in values.items()
        ]
        if name in bundled:
            services.changed[name] = values
        else:
            _check_own(document, path, table)
            services.own.append(_own_service(name, values, root))
    _check_edges(document, services.own, bundled)
    return services


def _values(
    document: Document, path: tuple[str, ...], table: Mapping[str, Any], known: set[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            note_unknown(document, (*path, key), known)
        elif key == "command" and isinstance(value, str):
            document.problem(
                (*path, key),
                f'{".".join(path)}.command: expected a list like ["python", "-m", "app"]; no shell reads it.',
            )
        else:
            values[key] = document.parsed(_BY_KEY[key], (*path, key), value)
    return values


def _check_own(document: Document, path: tuple[str, ...], table: Mapping[str, Any]) -> None:
    name = path[-1]
    if not _NAME.fullmatch(name):
        document.problem(path, f"services.{name}: a name is a-z, 0-9 and -, from a letter, at most 40 long.")
    if bool(table.get("command")) == bool(table.get("url")):
        document.problem(
            path, f"services.{name}: give either `command` (it is started) or `url` (it runs already)."
        )


def _own_service(name: str, values: Mapping[str, Any], root: Path) -> OwnService:
    cwd, log_file = values.get("cwd"), values.get("log_file")
    return OwnService(
        name=name,
        **{key: value for key, value in values.items() if key not in {"cwd", "log_file"}},
        cwd=root / cwd if cwd else None,
        log_file=root / log_file if log_file else None,
    )


def _check_edges(document: Document, own: list[OwnService], bundled: set[str]) -> None:
    """Note dependencies on unknown services and circles of dependencies."""
    edges = {service.name: service.depends_on for service in own}
    known = bundled | set(edges)
    for name, targets in edges.items():
        path = ("services", name, "depends_on")
        for target in targets:
            if target not in known:
                document.problem(path, f"services.{name} depends on {target!r}.{suggestion(target, known)}")
        circle = _circle(name, edges)
        if circle:
            document.problem(path, f"services.{name} depends on itself: {' -> '.join(circle)}.")


def _circle(start: str, edges: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the way from `start` back to itself, or nothing."""
    stack = [[start]]
    seen: set[str] = set()
    while stack:
        way = stack.pop()
        for target in edges.get(way[-1], ()):
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                stack.append([*way, target])
    return []
