"""From catalog, configuration and flags to the Plan that the supervisor obeys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wattos_cli import __version__
from wattos_cli.config.llm import unaddressed
from wattos_cli.config.loading import PLANNED
from wattos_cli.config.model import Config, OwnService
from wattos_cli.config.problems import suggestion
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import simulated
from wattos_cli.supervisor.addresses import Address, address_of
from wattos_cli.supervisor.components import planning
from wattos_cli.supervisor.invocation import Needs
from wattos_cli.supervisor.own_base_urls import without_own_base_urls
from wattos_cli.supervisor.plan import Edge, Plan, ServicePlan, digest, with_dependencies
from wattos_platform import catalog

# What only the command line reads: a service must neither see it nor be stale because of it.
_CLI_ONLY = frozenset(
    {
        "WATTOS_TOKEN",
        "WATTOS_TARGET",
        "WATTOS_SPAWN",
        "WATTOS_UP_TIMEOUT",
        "WATTOS_UP_WITH",
        "WATTOS_SCRAPE_INTERVAL",
    }
)
# Variables that services read; a difference in any other makes no service stale.
_SETTING_PREFIXES = (
    "WATTOS_", "DATABASE_", "REDIS_", "JWT_", "LOG_", "RATE_LIMIT", "CACHE_", "CIRCUIT_BREAKER_", "RETRY_",
    "ALLOWED_", "OPENAI_", "AZURE_", "ANTHROPIC_", "GEMINI_", "GOOGLE_", "OLLAMA_", "HTTP_PROXY",
    "HTTPS_PROXY",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What flags and memory add to the configuration. Empty `services` means all that start by default.

    `passwords` are those of the components, by name.
    """

    services: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    scale: Mapping[str, int] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    port_offset: int = 0
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


def build(config: Config, wanted: Wanted) -> Plan:
    """Return the plan; WattosError (exit 1 or 2) for a name that is unknown, disabled or not startable.

    Exit 3 when a component and the user's environment both say where a server is.
    """
    known = [*_components(config, wanted), *_bundled(config, wanted), *_own(config, wanted)]
    names = _chosen(config, wanted, {service.name: service for service in known})
    api_port = wanted.ports.get("supervisor", catalog.SUPERVISOR_PORT + wanted.port_offset)
    api = Address(host=config.environ.get("WATTOS_HOST") or "127.0.0.1", port=api_port).authority
    services = planning.configured(with_dependencies(names, _after_components(known, names)), config, api)
    environ = {name: value for name, value in config.environ.items() if name not in _CLI_ONLY}
    gateway = next((service for service in known if service.name == "gateway"), None)
    if gateway is not None:
        environ = without_own_base_urls(environ, gateway.base_url)
    service_config = config.service_file()
    simulator = next((service for service in services if service.name == simulated.SIMULATOR), None)
    if simulator is not None:
        service_config = simulated.service_config(service_config, simulator.base_url)
        environ |= simulated.environ(simulator.base_url)
    environ |= planning.environ(services, config)
    _check_providers(service_config["llm"], environ)
    return Plan(
        services=tuple(services),
        environ=environ,
        port_offset=wanted.port_offset,
        api_port=api_port,
        digests=_digests(service_config, environ),
        service_config=service_config,
        metrics=_metrics(config),
    )


def default_ports(config: Config) -> dict[str, int]:
    """Return the ports of everything that may start, without any offset; ports named by the user excluded."""
    ports = {"supervisor": catalog.SUPERVISOR_PORT, **config.catalog_ports()}
    return {name: port for name, port in ports.items() if name not in config.ports}


def _components(config: Config, wanted: Wanted) -> list[ServicePlan]:
    return [
        planning.plan(
            component,
            wanted.ports.get(component.name, component.port + wanted.port_offset),
            wanted.passwords.get(component.name, ""),
            config,
        )
        for component in config.components()
    ]


def _after_components(known: list[ServicePlan], names: list[str]) -> list[ServicePlan]:
    """Return `known` with all services after the components that serve them; none of them must have one."""
    edges = tuple(
        Edge(each.name, critical=False)
        for each in known
        if each.kind == "component" and each.name in names and catalog.component(each.name).env_given_to
    )
    return [
        each if each.kind == "component" else replace(each, depends_on=(*edges, *each.depends_on))
        for each in known
    ]


def _bundled(config: Config, wanted: Wanted) -> list[ServicePlan]:
    return [
        ServicePlan(
            name=service.name,
            kind="bundled",
            port=wanted.ports.get(service.name, service.port + wanted.port_offset),
            depends_on=tuple(Edge(dep.name, dep.critical) for dep in service.depends_on),
            environ=config.bundled_env.get(service.name, {}),
            replicas=wanted.scale.get(service.name),
            database=service.database,
        )
        for service in catalog.SERVICES
        if service.name not in config.disabled
    ]


def _own(config: Config, wanted: Wanted) -> list[ServicePlan]:
    return [
        _own_plan(own, config.root, wanted)
        for own in config.own_services
        if own.enabled and own.name not in config.disabled
    ]


def _own_plan(own: OwnService, root: Path, wanted: Wanted) -> ServicePlan:
    return ServicePlan(
        name=own.name,
        kind="own",
        port=wanted.ports.get(own.name, own.port or 0),
        command=own.command,
        url=_checked(own.name, "url", own.url or ""),
        health=_checked(own.name, "health", own.health or ""),
        metrics=_checked(own.name, "metrics", own.metrics or ""),
        cwd=str(own.cwd or root),
        log_file=str(own.log_file) if own.log_file else "",
        depends_on=tuple(Edge(name, critical=True) for name in own.depends_on),
        environ=own.env,
        replicas=wanted.scale.get(own.name),
        oneshot=own.oneshot,
    )


def _checked(service: str, key: str, text: str) -> str:
    """Return a path or URL that can be asked; WattosError (exit 3) when it is neither."""
    if not text or (text.startswith("/") and key != "url"):
        return text
    try:
        address_of(text)
    except ValueError as error:
        raise WattosError(
            f"wattos.toml: services.{service}.{key}: {error}",
            hint="wattos config validate",
            code="config_invalid",
            exit_code=ExitCode.CONFIG,
        ) from error
    return text


def _check_providers(llm: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Raise WattosError (exit 3) if a named provider has no address: its service would refuse to start."""
    for name, variable in unaddressed(llm, environ).items():
        raise WattosError(
            f"The provider {name} is named, but nothing says where it is.",
            hint=f"export {variable}=https://...   or base_url in [llm.provider.{name}] of wattos.toml",
            code="config_invalid",
            exit_code=ExitCode.CONFIG,
        )


def _chosen(config: Config, wanted: Wanted, by_name: Mapping[str, ServicePlan]) -> list[str]:
    default = [service.name for service in catalog.SERVICES if service.default]
    names = list(wanted.services) or [*default, *(own.name for own in config.own_services)]
    if not wanted.services:
        names = [name for name in names if name in by_name]
    names += wanted.also
    for name in [*names, *wanted.scale]:
        if name not in by_name:
            raise _unknown(name, config, by_name)
    for name in wanted.scale:
        if by_name[name].kind == "component":
            raise _not_scalable(name)
    return names


def _not_scalable(name: str) -> WattosError:
    return WattosError(
        f"{name} runs once and cannot be scaled",
        hint=f"leave {name} out of --scale.",
        code="usage",
        exit_code=ExitCode.USAGE,
    )


def _unknown(name: str, config: Config, by_name: Mapping[str, ServicePlan]) -> WattosError:
    available = ", ".join(sorted(by_name))
    if name in PLANNED:
        return WattosError(
            f"{name} cannot be started by this version of wattos",
            hint=f"available are: {available}. One of your own goes under [services.NAME] in wattos.toml.",
            code="component_unavailable",
            details={"component": name, "available": sorted(by_name)},
        )
    if name in config.disabled:
        return WattosError(
            f"{name} is disabled in wattos.toml",
            hint=f"remove `enabled = false` from [services.{name}].",
            code="service_disabled",
            exit_code=ExitCode.USAGE,
            details={"service": name},
        )
    return WattosError(
        f"there is no service {name!r}.{suggestion(name, set(by_name))}",
        hint="one of your own goes under [services.NAME] in wattos.toml.",
        code="unknown_service",
        exit_code=ExitCode.USAGE,
        details={"service": name, "available": sorted(by_name)},
    )


def _metrics(config: Config) -> dict[str, Any]:
    """Return how the supervisor keeps metrics, as ScrapeSettings reads it."""
    return {
        "enabled": config.setting("metrics.enabled").value,
        "interval_s": config.scrape_interval_s,
        "retention_s": config.setting("metrics.retention").value,
        "max_size_mb": config.setting("metrics.max_size_mb").value,
    }


def _digests(service_config: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return fingerprints of all that services are started with; values themselves are never kept."""
    found = {"version": digest(__version__)}
    own_keys = {options.get("api_key_env") for options in service_config["llm"]["provider"].values()}
    for name, value in environ.items():
        if name.startswith(_SETTING_PREFIXES) or name.removesuffix("_FILE") in own_keys:
            found[name] = digest(value)
    for table, content in service_config.items():
        found[f"[{table}]"] = digest(content)
    return found


def needs(plan: Plan, data_dir: Path, *, forks: bool) -> Needs:
    """Return what a supervisor for `plan` must bring along; `forks` says whether services are forked."""
    bundled = tuple(service.name for service in plan.services if service.kind == "bundled")
    databases = [data_dir / f"{service.name}.db" for service in plan.services if service.database]
    urls = [text for service in plan.services for text in (service.url, service.health, service.metrics_url)]
    return Needs(
        preload=bundled if forks else (),
        migrations=not all(path.exists() for path in databases),
        tls=any(url.startswith("https:") for url in urls),
        redis=bool(plan.environ.get("REDIS_URL")),
    )
