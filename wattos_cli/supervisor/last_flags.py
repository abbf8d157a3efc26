"""The flags of the last `up` (run/flags.json): they hold for what it started, and for no other `up`."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wattos_cli.config.model import Config
from wattos_cli.project import Project, read_json, write_private
from wattos_cli.supervisor.desired import Request, above_the_file

_SCHEMA = "wattos.flags/v1"
_PROVIDERS = "llm.providers"
_ENV_FILE = "env.file"


@dataclass(frozen=True, slots=True)
class LastFlags:
    """`settings` are setting keys with the values of flags; `also` is `--with`, `scale` is `--scale`."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    scale: Mapping[str, int] = field(default_factory=dict)


def of(request: Request) -> LastFlags:
    """Return those flags of `request` that change what runs, ports aside."""
    settings = above_the_file(request, {})["flags"]
    return LastFlags(settings, tuple(request.also), dict(request.scale))


def recall(project: Project) -> LastFlags:
    """Return what the last `up` left; nothing of it when the file is missing or not ours."""
    value = read_json(project.flags_file) or {}
    settings, also, scale = (value.get(name) for name in ("settings", "also", "scale"))
    return LastFlags(
        settings if isinstance(settings, dict) else {},
        tuple(map(str, also)) if isinstance(also, list) else (),
        scale if isinstance(scale, dict) else {},
    )


def in_force(project: Project) -> Mapping[str, Any]:
    """Return the settings that flags gave to the platform which runs now; empty when none does."""
    running = (project.read_services() or {}).get("supervisor")
    return recall(project).settings if running else {}


def remember(project: Project, flags: LastFlags) -> None:
    """Write `flags` for the next `up`."""
    document = {
        "schema": _SCHEMA,
        "settings": dict(flags.settings),
        "also": list(flags.also),
        "scale": dict(flags.scale),
    }
    write_private(project.flags_file, json.dumps(document).encode())


def dropped(last: LastFlags, now: LastFlags, config: Config, *, fresh: bool) -> list[str]:
    """Return the flags of the last `up` that this one lacks and nothing stands in for, as they are typed.

    `fresh`: nothing ran before. What runs keeps its number of replicas, and what it was started with.
    """
    found = [*_settings(last, now, config)]
    if fresh:
        found += [f"--with {name}" for name in last.also if name not in {*now.also, *config.up_with}]
        scale = {**config.scale, **now.scale}
        found += [f"--scale {name}={count}" for name, count in last.scale.items() if name not in scale]
    return found


def _settings(last: LastFlags, now: LastFlags, config: Config) -> Iterator[str]:
    providers = last.settings.get(_PROVIDERS) or ()
    if _PROVIDERS not in now.settings and list(providers) != list(config.llm["providers"]):
        yield from (f"--provider {name}" for name in providers)
    path = last.settings.get(_ENV_FILE)
    if path and _ENV_FILE not in now.settings and path != config.setting(_ENV_FILE).value:
        yield f"--env-file {shlex.quote(path)}"
