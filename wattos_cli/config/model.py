"""The configuration of one project as the commands and the supervisor read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattos_cli.config.llm import unserved
from wattos_platform import catalog
from wattos_platform.catalog import Component

MASK = "********"
_SHORTEST_SCRAPE_INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value and where it comes from (`default`, `wattos.toml:3:1`, a variable, a flag).

    `beneath` is what it would be without that variable or flag.
    """

    key: str
    value: Any
    origin: str
    secret: bool = False
    beneath: "Setting | None" = None

    def shown(self) -> Any:
        """Return the value, a mask for a secret that is set, and of variables only the names."""
        if isinstance(self.value, Mapping):
            return sorted(self.value)
        return MASK if self.secret and self.value not in (None, "") else self.value


@dataclass(frozen=True, slots=True)
class NoEffect:
    """Something that is set and changes nothing: a sentence for people, what to do, what it is about."""

    subject: str
    sentence: str
    mend: str


@dataclass(frozen=True, slots=True)
class OwnService:
    """A service of the user's: either `command` (it is started) or `url` (it is only attached)."""

    name: str
    command: tuple[str, ...] = ()
    url: str | None = None
    port: int | None = None
    health: str | None = None
    metrics: str | None = None
    log_file: Path | None = None
    depends_on: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    oneshot: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; durations in seconds.

    `environ` is what services inherit: the process's environment, the env file, `[env.set]`, `[settings]`
    and the content of `*_FILE` secrets, under the seed's names. `bundled_env` adds to it for one service.
    """

    root: Path
    file: Path | None
    port_offset: int
    ports: Mapping[str, int]
    scale: Mapping[str, int]
    up_timeout_s: float
    up_with: tuple[str, ...]
    start_method: str
    llm: Mapping[str, Any]
    limits: Mapping[str, Any]
    own_services: tuple[OwnService, ...]
    disabled: frozenset[str]
    bundled_env: Mapping[str, Mapping[str, str]]
    environ: Mapping[str, str]
    settings: tuple[Setting, ...]

    def service_file(self) -> dict[str, Any]:
        """Return the content of the generated JSON that services read (WATTOS_CONFIG_FILE)."""
        limits = {"limits": dict(self.limits)} if self.limits else {}
        return {"schema": "wattos.service-config/v1", "llm": dict(self.llm), **limits}

    def components(self) -> list[Component]:
        """Return the catalog's components; one that a service of the user's is named like is not meant."""
        own = {service.name for service in self.own_services}
        return [component for component in catalog.COMPONENTS if component.name not in own]

    def catalog_ports(self) -> dict[str, int]:
        """Return the default port of every bundled service and component that may start, by name."""
        left_out = {own.name for own in self.own_services} | self.disabled
        return {name: port for name, port in catalog.PORTS.items() if name not in left_out}

    def without_effect(self) -> list[NoEffect]:
        """Return what is set to something valid and changes nothing."""
        found = []
        if self.environ.get("DATABASE_URL"):
            why = "each service keeps its rows in a SQLite file of its own."
            sentence = f"DATABASE_URL is set but has no effect: {why}"
            found.append(NoEffect("database", sentence, "unset DATABASE_URL"))
        for model, instead in unserved(self.limits.get("models") or {}, self.llm).items():
            sentence = f"limits.models: {model!r} has no effect: nothing in [llm] serves it.{instead}"
            found.append(NoEffect("limits", sentence, f"rename {model!r} in [limits.models], or remove it"))
        return found

    @property
    def scrape_interval_s(self) -> float:
        """Return how often metrics are scraped, and rules evaluated, in seconds.

        A drill divides the windows of rules: they must still hold some samples.
        """
        usual_s = float(self.setting("metrics.scrape_interval").value)
        scale = float(self.setting("alerts.time_scale").value)
        return max(usual_s / scale, min(usual_s, _SHORTEST_SCRAPE_INTERVAL_S))

    def setting(self, key: str) -> Setting:
        """Return the effective setting `key`; KeyError if there is none."""
        return next(setting for setting in self.settings if setting.key == key)
