"""THE list of bundled services and components, from which ports, jobs, dashboards and load tests derive.

Imports nothing but the standard library, so that `wattos ps` may read it without paying for pydantic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CONTRACTS_VERSION = "1"
SUPERVISOR_PORT = 3080
# `Component.ready` of a server that speaks Redis's protocol.
PING = "PING"


@dataclass(frozen=True, slots=True)
class Dep:
    """An edge of the dependency graph; `critical` says whether readiness follows it."""

    name: str
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A bundled service: `factory` is `module:function`, taking a kernel Runtime, returning an ASGI app.

    `tables` are the tables of wattos.toml that it reads from its generated file, at POST /admin/reload again.
    """

    name: str
    factory: str
    port: int
    depends_on: tuple[Dep, ...] = ()
    database: bool = True
    default: bool = True
    tables: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """Return the package that holds the service's code and migrations."""
        return self.factory.partition(":")[0].rpartition(".")[0]

    @property
    def url_variable(self) -> str:
        """Return the environment variable that names this service's base URL."""
        return f"WATTOS_{self.name.upper().replace('-', '_')}_URL"


@dataclass(frozen=True, slots=True)
class Component:
    """A program of others that `up --with NAME` starts before the services.

    `{config}` in `argv` is the file that is written for it. `ready` is an HTTP path, or `PING`. `data_dir` is
    its folder below `.wattos/data`. `env_given_to` are the variables given to the services; in them and in
    `url`, which people see, `{port}` is the port, in them alone `{password}` the generated password.
    `install` is the command that installs the program.
    """

    name: str
    argv: tuple[str, ...]
    port: int
    ready: str
    data_dir: str
    url: str
    install: str
    env_given_to: Mapping[str, str] = field(default_factory=dict)


def _factory(package: str) -> str:
    return f"wattos_platform.services.{package}.app:create_app"


SERVICES: tuple[Service, ...] = (
    Service(
        "gateway",
        _factory("gateway"),
        3001,
        (Dep("chat"), Dep("rag"), Dep("llm-gateway"), Dep("agent")),
        tables=("limits",),
    ),
    Service("agent", _factory("agent"), 3003, (Dep("llm-gateway", critical=True), Dep("rag"))),
    Service("rag", _factory("rag"), 3005, (Dep("llm-gateway"),)),
    Service("chat", _factory("chat"), 3006, (Dep("llm-gateway", critical=True), Dep("rag"))),
    Service("llm-gateway", _factory("llm_gateway"), 3009, tables=("llm", "limits")),
    Service("simulator", _factory("simulator"), 3095, database=False, default=False),
)

COMPONENTS: tuple[Component, ...] = (
    Component(
        "redis",
        argv=("redis-server", "{config}"),
        port=3079,
        ready=PING,
        data_dir="redis",
        url="redis://127.0.0.1:{port}",
        install="apt-get install redis-server",
        env_given_to={"REDIS_URL": "redis://:{password}@127.0.0.1:{port}/0"},
    ),
)

# The default port of everything in the catalog, by its name.
PORTS: Mapping[str, int] = {service.name: service.port for service in SERVICES} | {
    component.name: component.port for component in COMPONENTS
}

_BY_NAME = {service.name: service for service in SERVICES}
_COMPONENT_BY_NAME = {each.name: each for each in COMPONENTS}


def service(name: str) -> Service:
    """Return the service called `name`; KeyError if the catalog has none."""
    return _BY_NAME[name]


def component(name: str) -> Component:
    """Return the component called `name`; KeyError if the catalog has none."""
    return _COMPONENT_BY_NAME[name]
