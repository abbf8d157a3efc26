"""Service level objectives and the thresholds of alerts, read from the SLO file."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from wattos_cli.alerting.sli import Indicator, Sli
from wattos_cli.config.model import Config
from wattos_cli.config.problems import Problem, config_error
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.named_files import read as read_file
from wattos_platform import catalog

SCHEMA = "wattos.slo/v1"
HINT = "mend it, then: wattos alerts check"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on single alerts fire: shares from 0 to 1, times in seconds, money in US dollars."""

    error_rate: float = 0.05
    response_time_p95_s: float = 1.0
    llm_cost_per_hour_usd: float = 100.0
    llm_cost_per_day_usd: float = 500.0
    cache_hit_rate: float = 0.5
    refused_rate: float = 0.1
    write_queue_length: float = 500.0
    write_queue_age_s: float = 10.0
    queue_age_s: float = 300.0
    min_events: int = 20


@dataclass(frozen=True, slots=True)
class Slo:
    """One promise: `objective` (0 to 1) of the events of `sli` are good, over `window_s`.

    `threshold_s` is the time that a good event takes at most; None where it is not about time.
    """

    name: str
    service: str
    indicator: Indicator
    objective: float
    sli: Sli
    window_s: float
    threshold_s: float | None = None
    description: str = ""

    @property
    def budget(self) -> float:
        """Return the share of events that may be bad."""
        return round(1 - self.objective, 9)


@dataclass(frozen=True, slots=True)
class SloBook:
    """All promises and thresholds of a platform."""

    slos: tuple[Slo, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)

    def of(self, service: str, indicator: Indicator) -> Slo | None:
        """Return the first objective of `service` about `indicator`, None if there is none."""
        return next((s for s in self.slos if (s.service, s.indicator) == (service, indicator)), None)


def bundled_slos() -> SloBook:
    """Return the objectives that travel with the program."""
    from wattos_cli.alerting.places import dashboards_folder

    return load_slos(dashboards_folder() / "slo.yaml")


def slos_of(config: Config, path: Path | None = None) -> SloBook:
    """Return the objectives in the file at `path`, else in `[alerts] slo_file`, else the bundled ones."""
    given = config.setting("alerts.slo_file").value
    if path is None and given:
        path = config.root / str(given)
    own = {service.name for service in config.own_services}
    return bundled_slos() if path is None else load_slos(path, own)


def load_slos(path: Path, services: Collection[str] = ()) -> SloBook:
    """Return what the file at `path` promises; `services` are the user's own, beside the catalog's.

    The file holds documents of `wattos.slo/v1`, of OpenSLO v1, or both. Raises WattosError (exit 3) that
    names every problem with file, line, column and a suggestion.
    """
    return parse_slos(path.name, _text(path), services)


def parse_slos(name: str, text: str, services: Collection[str] = ()) -> SloBook:
    """Return the objectives in `text`, which came from the file called `name`; see `load_slos`."""
    from wattos_cli.alerting import openslo, slo_schema
    from wattos_cli.alerting.yamltext import YamlError, documents

    known = {each.name for each in catalog.SERVICES} | set(services)
    problems: list[Problem] = []
    slos: list[Slo] = []
    thresholds = Thresholds()
    try:
        found = list(documents(name, text))
        if not found:  # who wants no objective writes `slos: []`; a template that failed writes nothing
            expected = f"expected `schema: {SCHEMA}` and a list `slos`."
            problems.append(Problem(f"{name}:1:1", f"is empty; {expected}"))
        for document in found:
            if not openslo.is_one(document.value):
                book = slo_schema.book(document, known, problems)
                slos += book.slos
                thresholds = book.thresholds
        slos += openslo.objectives([each for each in found if openslo.is_one(each.value)], known, problems)
    except YamlError as error:
        problems.append(error.problem)
    names = [slo.name for slo in slos]
    problems += [
        Problem(f"{name}:1:1", f"two objectives are called {each!r}; rename one.")
        for each in sorted({each for each in names if names.count(each) > 1})
    ]
    if problems:
        raise config_error(problems, hint=HINT)
    return SloBook(tuple(slos), thresholds)


def _text(path: Path) -> str:
    from wattos_cli.alerting.yamltext import MAX_BYTES

    try:
        return read_file(path, MAX_BYTES + 1).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise config_error(
            [Problem(f"{path.name}:1:1", f"not UTF-8 text (byte {error.start}).")], hint=HINT
        ) from None
    except OSError as error:
        raise WattosError(
            f"cannot read {path}: {error.strerror}",
            hint="name another file: wattos alerts check --slo FILE",
            code="config_unreadable",
            exit_code=ExitCode.CONFIG,
        ) from error
