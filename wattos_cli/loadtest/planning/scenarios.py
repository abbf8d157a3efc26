"""Scenarios: those of loadtests/thresholds.toml (a checkout or an installed wheel), and one's own."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wattos_cli
from wattos_cli.config.durations import option_seconds
from wattos_cli.config.problems import suggestion
from wattos_cli.errors import ExitCode, WattosError

_Kind = type | tuple[type, ...]
_KEYS: dict[str, _Kind] = {"journeys": dict, "users": int, "duration": str}
_OPTIONAL: dict[str, _Kind] = {
    "description": str,
    "services": list,
    "spawn_rate": (int, float),
    "thresholds": list,
    "models": list,
}
FILE = "thresholds.toml"
_SHAPE = "LoadTestShape"
_USERS, _DURATION_S = 10, 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who does what for how long: `journeys` with their weights; `services` it cannot do without.

    `models` are those that its journeys have somebody ask beside the one of `--model`.
    """

    name: str
    description: str
    locustfile: Path
    journeys: Mapping[str, int]
    services: tuple[str, ...]
    users: int
    spawn_rate: float
    duration_s: float
    thresholds: tuple[str, ...]
    models: tuple[str, ...] = ()


def folder() -> Path:
    """Return where the load tests lie: beside the package in a checkout, within it once installed."""
    package = Path(wattos_cli.__file__).resolve().parent
    checkout = package.parent / "loadtests"
    return checkout if (checkout / "locustfile.py").is_file() else package / "_bundled" / "loadtests"


def scenario(name: str, locustfile: Path | None = None) -> Scenario:
    """Return the scenario called `name`: a bundled one, or of the thresholds.toml beside a `locustfile`.

    WattosError: exit 2 lists those there are, exit 3 says what is wrong in the file.
    """
    locustfile = locustfile or folder() / "locustfile.py"
    tables = _tables(locustfile.with_name(FILE))
    if name not in tables:
        raise WattosError(
            f"there is no scenario {name!r}.{suggestion(name, set(tables))}",
            hint=f"each is a table of {locustfile.with_name(FILE)}",
            code="no_such_scenario",
            exit_code=ExitCode.USAGE,
            details={"scenario": name, "known": sorted(tables)},
        )
    table = tables[name]
    return Scenario(
        name=name,
        description=table.get("description", ""),
        locustfile=locustfile,
        journeys=table["journeys"],
        services=tuple(table.get("services", ())),
        users=table["users"],
        spawn_rate=float(table.get("spawn_rate", table["users"])),
        duration_s=option_seconds(table["duration"], f"[{name}] duration"),
        thresholds=tuple(table.get("thresholds", ())),
        models=tuple(table.get("models", ())),
    )


def whole_file(locustfile: Path) -> Scenario:
    """Return the scenario of a locustfile that has none: all its users with their own weights, for a minute.

    A file with a load shape of its own runs until that ends.
    """
    shaped = _SHAPE in locustfile.read_text(encoding="utf-8", errors="replace")
    return Scenario(
        name=locustfile.stem,
        description="",
        locustfile=locustfile,
        journeys={},
        services=(),
        users=_USERS,
        spawn_rate=_USERS,
        duration_s=math.inf if shaped else _DURATION_S,
        thresholds=(),
    )


def _tables(path: Path) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _invalid(path, str(reason)) from None
    for name, table in tables.items():
        _check(path, name, table)
    return tables


def _check(path: Path, name: str, table: Any) -> None:
    if not isinstance(table, dict):
        raise _invalid(path, f"{name}: expected a table, [{name}]")
    known = {**_KEYS, **_OPTIONAL}
    for key, value in table.items():
        if key not in known:
            raise _invalid(path, f"[{name}]: no such key {key!r}.{suggestion(key, set(known))}")
        listed = value if isinstance(value, list) else []
        if not isinstance(value, known[key]) or isinstance(value, bool) or not all(map(_is_text, listed)):
            raise _invalid(path, f"[{name}]: {key} is of the wrong type")
    if not all(table.get("models", ())):
        raise _invalid(path, f"[{name}]: models has an empty name")
    missing = [key for key in _KEYS if key not in table]
    if missing:
        raise _invalid(path, f"[{name}]: {missing[0]} is missing")
    if not table["journeys"] or not all(_is_weight(weight) for weight in table["journeys"].values()):
        raise _invalid(path, f"[{name}]: journeys is a table of weights, like this: {{Chat = 4, Search = 2}}")


def _is_weight(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _invalid(path: Path, reason: str) -> WattosError:
    return WattosError(
        f"{path}: {reason}",
        hint='one table a scenario: [NAME] with journeys = { Class = WEIGHT }, users = 5, duration = "1m"',
        code="scenarios_invalid",
        exit_code=ExitCode.CONFIG,
    )
