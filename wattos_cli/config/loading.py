"""From wattos.toml, environment and flags to one Config: flag > environment > wattos.toml > default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattos_cli.config import environment, limits, llm, prices, services, sources
from wattos_cli.config.fields import Field, InvalidValueError
from wattos_cli.config.model import Config, Setting
from wattos_cli.config.problems import FLAG_HINT, HINT, Problem, config_error, suggestion
from wattos_cli.config.schema import FIELDS, OTEL_GENAI, SECRETS
from wattos_cli.config.sources import Document
from wattos_platform import catalog

# Names of components that this version does not start yet.
PLANNED = frozenset({"postgres"})
# How the setting is called that a flag gave.
_FLAGS = {
    "env.file": "--env-file",
    "llm.providers": "--provider",
    "port_offset": "--port-offset",
    "up.timeout": "--timeout",
    "up.with": "--with",
}
COMPONENTS = PLANNED | {component.name for component in catalog.COMPONENTS}


@dataclass
class _Loading:
    """What has been gathered on the way to a Config."""

    document: Document
    environ: dict[str, str]
    flags: Mapping[str, Any]
    seeds: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, Setting] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        setting = self.values.get(key)
        return setting.value if setting else None

    def under(self, prefix: str) -> dict[str, Any]:
        """Return the values below `prefix`, by what follows it."""
        dotted = f"{prefix}."
        return {k.removeprefix(dotted): s.value for k, s in self.values.items() if k.startswith(dotted)}


def load(root: Path, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> Config:
    """Return the configuration of the project at `root`.

    `flags` maps setting keys (`port_offset`, `up.timeout`, `up.with`, `llm.providers`, `env.file`) to values
    given on the command line; a relative `env.file` of a flag must already be resolved.
    Raises WattosError (exit 3) that names every problem with file, line and column.
    """
    document = sources.read(root / "wattos.toml")
    loading = _Loading(document, dict(environ), flags or {})
    _read_tables(loading)
    _read_env_file(loading, root)
    loading.environ, loading.seeds, problems = environment.unified(loading.environ)
    document.problems += problems
    _apply_environment_and_flags(loading)
    bundled = {service.name for service in catalog.SERVICES}
    declared = services.parse(document, root, bundled)
    _check_names(loading, bundled | {service.name for service in declared.own})
    settings = _platform_settings(loading)
    config = _config(root, loading, declared, settings)
    _check_ports(document, config)
    if document.problems:
        given = all(problem.where in _FLAGS.values() for problem in document.problems)
        raise config_error(document.problems, FLAG_HINT if given else HINT)
    return config


def _tree() -> dict[str, Any]:
    """Return FIELDS as nested tables; `*` stands for any name, None for what is read elsewhere."""
    tree: dict[str, Any] = {"settings": None, "services": None, "limits": None}
    for field_ in FIELDS:
        *parents, last = field_.key.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = field_
    tree["llm"]["prices"] = None
    return tree


def _read_tables(loading: _Loading) -> None:
    for field_ in FIELDS:
        if "*" not in field_.key:
            loading.values[field_.key] = Setting(field_.key, field_.default, "default", field_.secret)
    _walk(loading, _tree(), loading.document.content, ())


def _walk(
    loading: _Loading, node: Mapping[str, Any], table: Mapping[str, Any], path: tuple[str, ...]
) -> None:
    document = loading.document
    for key, value in table.items():
        here = (*path, key)
        if key not in node and "*" not in node:
            sources.note_unknown(document, here, set(node))
            continue
        child = node.get(key, node.get("*"))
        if isinstance(child, Field):
            parsed = document.parsed(child, here, value)
            loading.values[".".join(here)] = Setting(
                ".".join(here), parsed, document.where(here), child.secret
            )
        elif child is not None and not isinstance(value, dict):
            document.problem(
                here, f"{'.'.join(here)}: expected a table like [{'.'.join(here)}], got {value!r}."
            )
        elif child is not None:
            _walk(loading, child, value, here)


def _read_env_file(loading: _Loading, root: Path) -> None:
    """Put the env file's variables and `[env.set]` below the process's own environment."""
    path = loading.flags.get("env.file") or loading.get("env.file")
    values: dict[str, str] = dict(loading.get("env.set") or {})
    if path:
        from_file, problems = environment.read_env_file(root / path)
        loading.document.problems += problems
        values.update(from_file)
    loading.environ = {**values, **loading.environ}


def _apply_environment_and_flags(loading: _Loading) -> None:
    for field_ in FIELDS:
        if field_.env and loading.environ.get(field_.env):
            try:
                value = field_.parsed(loading.environ[field_.env])
            except InvalidValueError as error:
                loading.document.problems.append(Problem("environment", f"{field_.env}: {error}."))
            else:
                _put_above(loading, field_, value, f"env {field_.env}")
        if loading.flags.get(field_.key) is not None:
            _put_above(loading, field_, loading.flags[field_.key], "flag")


def _put_above(loading: _Loading, field_: Field, value: Any, origin: str) -> None:
    beneath = loading.values.get(field_.key)
    loading.values[field_.key] = Setting(field_.key, value, origin, field_.secret, beneath)


def _place(setting: Setting) -> str:
    """Return where a person finds what is wrong: the flag, the variable, or the place in the file."""
    return _FLAGS.get(setting.key, setting.origin) if setting.origin == "flag" else setting.origin


def _check_names(loading: _Loading, names: set[str]) -> None:
    """Note names of services, components and providers that do not exist."""
    document = loading.document
    for table, known in (("ports", names | COMPONENTS | {"supervisor"}), ("scale", names)):
        for name in loading.under(table):
            if name not in known:
                sources.note_unknown(document, (table, name), known)
    known = names | COMPONENTS
    for name in loading.get("up.with"):
        if name not in known:
            where = _place(loading.values["up.with"])
            document.problems.append(
                Problem(where, f"up.with: no such service {name!r}.{suggestion(name, known)}")
            )


def _llm(loading: _Loading) -> dict[str, Any]:
    """Return `[llm]` as services read it, after noting what is wrong with it."""

    def note(key: str, message: str) -> None:
        given = loading.values.get(key)
        where = _place(given) if given else loading.document.where(tuple(key.split(".")))
        loading.document.problems.append(Problem(where, message))

    options = loading.under("llm.provider")
    own_prices = prices.parse(loading.document, {name.partition(".")[0] for name in options})
    loading.values.update({each.key: each for each in prices.settings(loading.document, own_prices)})
    section = llm.section(loading.get("llm.providers"), loading.under("llm.aliases"), options, own_prices)
    llm.check(section, note)
    return section


def _platform_settings(loading: _Loading) -> list[Setting]:
    """Put `[settings]` into the environment and check what services will read; pydantic only if needed."""
    table = loading.document.table("settings")
    given = {name for name in loading.environ if name.startswith("WATTOS_")} | set(loading.seeds)
    if not table and not given - {field_.env for field_ in FIELDS}:
        return []
    from wattos_cli.config import platform_settings

    places: dict[str, tuple[str, str]] = {}
    known = platform_settings.all_settings()
    for name, value in table.items():
        path = ("settings", name)
        if name not in known:
            sources.note_unknown(loading.document, path, set(known))
            continue
        variable = platform_settings.variable_of(name)
        if not loading.environ.get(variable) and isinstance(value, str | int | float | bool):
            loading.environ[variable] = str(value).lower() if isinstance(value, bool) else str(value)
            places[variable] = (loading.document.where(path), f"settings.{name}")
    for variable, reason in platform_settings.mistakes(loading.environ):
        where, label = places.get(variable, ("environment", loading.seeds.get(variable, variable)))
        loading.document.problems.append(Problem(where, f"{label}: {reason}."))
    return [
        Setting(
            f"settings.{name}",
            loading.environ[variable],
            places[variable][0] if variable in places else f"env {loading.seeds.get(variable, variable)}",
            known[name].secret,
        )
        for variable, name in platform_settings.by_variable().items()
        if loading.environ.get(variable) and variable == platform_settings.variable_of(name)
    ]


def _config(
    root: Path,
    loading: _Loading,
    declared: services.Services,
    settings: list[Setting],
) -> Config:
    if loading.get("metrics.otel_genai"):
        loading.environ[OTEL_GENAI] = "true"
    own, changed = declared.own, declared.changed
    ports = {name: values["port"] for name, values in changed.items() if values.get("port")}
    secrets = [
        Setting(seed, loading.environ[seed], f"env {name}", secret=True)
        for seed, name in loading.seeds.items()
        if seed in SECRETS and seed.endswith("_API_KEY")
    ]
    limited = limits.parse(loading.document)
    disabled = {name for name, values in changed.items() if not values.get("enabled", True)}
    return Config(
        root=root,
        file=loading.document.path,
        port_offset=loading.get("port_offset"),
        ports={**ports, **loading.under("ports")},
        scale=loading.under("scale"),
        up_timeout_s=loading.get("up.timeout"),
        up_with=tuple(loading.get("up.with")),
        start_method=loading.get("up.start"),
        llm=_llm(loading),
        limits=limited,
        own_services=tuple(own),
        disabled=frozenset(disabled | {service.name for service in own if not service.enabled}),
        bundled_env={name: values["env"] for name, values in changed.items() if values.get("env")},
        environ=loading.environ,
        settings=(
            *loading.values.values(),
            *limits.settings(loading.document, limited),
            *declared.settings,
            *settings,
            *secrets,
        ),
    )


def _check_ports(document: Document, config: Config) -> None:
    """Note two services on one port."""
    taken: dict[int, str] = {}
    for name, port in config.catalog_ports().items():
        taken[config.ports.get(name, port + config.port_offset)] = name
    for own in config.own_services:
        if own.port is None or own.url:
            continue
        if own.port in taken:
            document.problem(
                ("services", own.name, "port"),
                f"services.{own.name}: port {own.port} is also the port of {taken[own.port]}.",
            )
        taken[own.port] = own.name
