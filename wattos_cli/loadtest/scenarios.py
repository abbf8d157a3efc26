"""The scenarios of loadtests/thresholds.toml, from the checkout or from the installed wheel."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wattos_cli
from wattos_cli.config.durations import option_seconds
from wattos_cli.config.problems import suggestion
from wattos_cli.errors import ExitCode, WattosError

_KEYS: dict[str, type | tuple[type, ...]] = {
    "description": str,
    "journeys": dict,
    "services": list,
    "users": int,
    "spawn_rate": (int, float),
    "duration": str,
    "thresholds": list,
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who does what for how long: `journeys` with their weights; `services` it cannot do without."""

    name: str
    description: str
    locustfile: Path
    journeys: Mapping[str, int]
    services: tuple[str, ...]
    users: int
    spawn_rate: float
    duration_s: float
    thresholds: tuple[str, ...]


def folder() -> Path:
    """Return where the load tests lie: beside the package in a checkout, within it once installed."""
    package = Path(wattos_cli.__file__).resolve().parent
    checkout = package.parent / "loadtests"
    return checkout if (checkout / "locustfile.py").is_file() else package / "_bundled" / "loadtests"


def scenario(name: str, root: Path | None = None) -> Scenario:
    """Return the scenario called `name`; WattosError (exit 2) that lists those there are."""
    root = root or folder()
    tables = _tables(root / "thresholds.toml")
    if name not in tables:
        raise WattosError(
            f"there is no scenario {name!r}.{suggestion(name, set(tables))}",
            hint=f"scenarios: {', '.join(sorted(tables))}",
            code="no_such_scenario",
            exit_code=ExitCode.USAGE,
            details={"scenario": name, "known": sorted(tables)},
        )
    table = tables[name]
    return Scenario(
        name=name,
        description=table["description"],
        locustfile=root / "locustfile.py",
        journeys=table["journeys"],
        services=tuple(table["services"]),
        users=table["users"],
        spawn_rate=float(table["spawn_rate"]),
        duration_s=option_seconds(table["duration"], f"[{name}] duration"),
        thresholds=tuple(table["thresholds"]),
    )


def _tables(path: Path) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(path, str(error)) from None
    for name, table in tables.items():
        for key, kind in _KEYS.items():
            if not isinstance(table, dict) or not isinstance(table.get(key), kind):
                raise _invalid(path, f"[{name}]: {key} is missing or of the wrong type")
        if not table["journeys"] or not all(_is_weight(weight) for weight in table["journeys"].values()):
            raise _invalid(
                path, f"[{name}]: journeys is a table of weights, like this: {{Chat = 4, Search = 2}}"
            )
    return tables


def _is_weight(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _invalid(path: Path, reason: str) -> WattosError:
    return WattosError(
        f"{path}: {reason}",
        hint="restore it from the repository, or reinstall wattos",
        code="scenarios_invalid",
        exit_code=ExitCode.CONFIG,
    )
