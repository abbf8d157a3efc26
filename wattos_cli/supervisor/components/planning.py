"""Plans of the components that are wanted, and the variables that services get from them."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from wattos_cli.config.model import Config
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project
from wattos_cli.supervisor.components import alertmanager, prometheus, redis
from wattos_cli.supervisor.components.setting import Setting
from wattos_cli.supervisor.plan import ServicePlan
from wattos_platform import catalog
from wattos_platform.catalog import Component

# What writes the files that each program reads.
_FILES: Mapping[str, Callable[[Setting], Mapping[str, str]]] = {
    "redis": redis.files,
    "prometheus": prometheus.files,
    "alertmanager": alertmanager.files,
}


def plan(component: Component, port: int, password: str, config: Config) -> ServicePlan:
    """Return how `component` runs in the project of `config`; `configured` adds what it reads."""
    project = Project(config.root)
    data_dir = str(project.data_dir / component.data_dir)
    config_file = str(project.component_config_file(component.config_file))
    program = installed(component, config.environ) or component.programs[0]
    return ServicePlan(
        name=component.name,
        kind="component",
        port=port,
        command=(
            program,
            *(word.format(config=config_file, data=data_dir, port=port) for word in component.argv[1:]),
        ),
        url=component.url.format(port=port),
        health=component.ready,
        cwd=data_dir,
        password=password,
    )


def installed(component: Component, variables: Mapping[str, str]) -> str:
    """Return the name of the component's program that is on the PATH of `variables`, "" if there is none."""
    path = variables.get("PATH")
    return next((name for name in component.programs if shutil.which(name, path=path)), "")


def configured(plans: Sequence[ServicePlan], config: Config, api: str) -> list[ServicePlan]:
    """Return `plans` with the files that their components read; `api` is the supervisor's host and port."""
    ports = {each.name: each.port for each in plans if each.kind == "component"}
    return [
        replace(each, configuration=_FILES[each.name](Setting(each, config, api, ports)))
        if each.kind == "component"
        else each
        for each in plans
    ]


def environ(plans: Iterable[ServicePlan], config: Config) -> dict[str, str]:
    """Return the variables that services get from the components among `plans`.

    Raises WattosError (exit 3) when the user has set one of them to something else.
    """
    given: dict[str, str] = {}
    for each in plans:
        if each.kind != "component":
            continue
        for variable, template in catalog.component(each.name).env_given_to.items():
            given[variable] = template.format(port=each.port, password=each.password)
            if config.environ.get(variable, "") not in ("", given[variable]):
                raise _two_servers(each.name, variable, config)
    return given


def _two_servers(name: str, variable: str, config: Config) -> WattosError:
    key = f"settings.{variable.lower()}"
    origin = next((setting.origin for setting in config.settings if setting.key == key), "environment")
    return WattosError(
        f"{variable} ({origin}) and --with {name} each name a server; there can be only one",
        hint=f"unset {variable}, or do without --with {name} (up.with in wattos.toml;"
        f" one that runs already: wattos down {name}).",
        code="component_conflict",
        exit_code=ExitCode.CONFIG,
        details={"component": name, "variable": variable, "origin": origin},
    )


def require_programs(plans: Iterable[ServicePlan], variables: Mapping[str, str]) -> None:
    """Return when the program of every component among `plans` is on the PATH of `variables`.

    Raises WattosError (exit 1) with the line that installs the first one that is not.
    """
    for each in plans:
        if each.kind == "component" and not installed(catalog.component(each.name), variables):
            raise WattosError(
                f"{each.name} needs the program {each.command[0]}, which is not on the PATH",
                hint=f"install it: {catalog.component(each.name).install}",
                code="component_missing",
                details={"component": each.name, "program": each.command[0]},
            )
