"""A scenario: of loadtests/thresholds.toml (a checkout or an installed wheel), or one's own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wattos_cli.config import sources
from wattos_cli.config.form_reading import FormReader
from wattos_cli.config.problems import config_error, suggestion
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.scenarios.form import ScenarioForm
from wattos_cli.loadtest.scenarios.places import folder

FILE = "thresholds.toml"
_SHAPE_OF_ONE = '[NAME] with journeys = { Class = WEIGHT }, users = 5, duration = "1m"'
HINT = f"mend it; one table a scenario: {_SHAPE_OF_ONE}"
_LOAD_SHAPE = "LoadTestShape"
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


def scenario(name: str, locustfile: Path | None = None) -> Scenario:
    """Return the scenario called `name`: a bundled one, or of the thresholds.toml beside a `locustfile`.

    WattosError: exit 2 lists those there are, exit 3 says what is wrong in the file.
    """
    locustfile = locustfile or folder() / "locustfile.py"
    forms = _forms(locustfile.with_name(FILE))
    if name not in forms:
        raise WattosError(
            f"there is no scenario {name!r}.{suggestion(name, forms)}",
            hint=f"each is a table of {locustfile.with_name(FILE)}",
            code="no_such_scenario",
            exit_code=ExitCode.USAGE,
            details={"scenario": name, "known": sorted(forms)},
        )
    form = forms[name]
    return Scenario(
        name=name,
        description=form.description,
        locustfile=locustfile,
        journeys=form.journeys,
        services=form.services,
        users=form.users,
        spawn_rate=form.spawn_rate or form.users,
        duration_s=form.duration,
        thresholds=form.thresholds,
        models=form.models,
    )


def whole_file(locustfile: Path) -> Scenario:
    """Return the scenario of a locustfile that has none: all its users with their own weights, for a minute.

    A file with a load shape of its own runs until that ends.
    """
    shaped = _LOAD_SHAPE in locustfile.read_text(encoding="utf-8", errors="replace")
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


def _forms(path: Path) -> dict[str, ScenarioForm]:
    """Return all tables of the file; WattosError (exit 3) that names every problem with its place."""
    document = sources.read(path, HINT)
    if document.path is None:
        raise WattosError(
            f"there is no file {path}, which says what a scenario is",
            hint=f"write one: {_SHAPE_OF_ONE}   or name no scenario, and all users of the locustfile come",
            code="config_unreadable",
            exit_code=ExitCode.CONFIG,
        )
    reader, forms = FormReader(document), {}
    for name, table in document.content.items():
        if not isinstance(table, dict):
            document.problem((name,), f"{name}: expected a table, [{name}].")
        elif form := reader.form(ScenarioForm, (name,), table):
            forms[name] = form
    if document.problems:
        raise config_error(document.problems, HINT)
    return forms
