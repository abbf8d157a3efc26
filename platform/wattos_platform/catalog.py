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

    In `argv`, `{config}` is the path of `config_file`, which is written for it, `{data}` that of its folder,
    and `{port}` its port. `also_called` are other names under which the program is installed. `ready` is an
    HTTP path, or `PING`. `data_dir` is its folder in `.wattos/data`. `env_given_to` are the variables given
    to the services; in them and in `url`, which people see, `{port}` is the port, in them alone `{password}`
    the generated password. `install` is the command that installs the program. `rereads` says whether a
    running one reads its files again at SIGHUP, `metrics` on which path it shows its own, "" for none.
    """

    name: str
    argv: tuple[str, ...]
    config_file: str
    port: int
    ready: str
    data_dir: str
    url: str
    install: str
    env_given_to: Mapping[str, str] = field(default_factory=dict)
    also_called: tuple[str, ...] = ()
    rereads: bool = False
    metrics: str = ""

    @property
    def programs(self) -> tuple[str, ...]:
        """Return the names under which its program may be installed, the usual one first."""
        return (self.argv[0], *self.also_called)

    @property
    def has_password(self) -> bool:
        """Return whether a password is made for it, which services get in a variable."""
        return any("{password}" in template for template in self.env_given_to.values())

    @property
    def password_file(self) -> str:
        """Return the name of the file among the project's secrets that holds it."""
        return f"{self.name}.password"


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
        config_file="redis.conf",
        port=3079,
        ready=PING,
        data_dir="redis",
        url="redis://127.0.0.1:{port}",
        install="apt-get install redis-server",
        env_given_to={"REDIS_URL": "redis://:{password}@127.0.0.1:{port}/0"},
    ),
    Component(
        "prometheus",
        argv=(
            "prometheus",
            "--config.file={config}",
            "--storage.tsdb.path={data}",
            "--storage.tsdb.retention.time=15d",
            "--storage.tsdb.retention.size=2GB",
            "--web.listen-address=127.0.0.1:{port}",
            "--web.external-url=http://127.0.0.1:{port}",
            "--log.format=json",
        ),
        config_file="prometheus.yml",
        port=3090,
        ready="/-/ready",
        data_dir="prometheus",
        url="http://127.0.0.1:{port}",
        install="apt-get install prometheus",
        rereads=True,
        metrics="/metrics",
    ),
    Component(
        "alertmanager",
        argv=(
            "alertmanager",
            "--config.file={config}",
            "--storage.path={data}",
            "--web.listen-address=127.0.0.1:{port}",
            "--web.external-url=http://127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.format=json",
        ),
        config_file="alertmanager.yml",
        port=3093,
        ready="/-/ready",
        data_dir="alertmanager",
        url="http://127.0.0.1:{port}",
        install="apt-get install prometheus-alertmanager",
        also_called=("prometheus-alertmanager",),
        rereads=True,
        metrics="/metrics",
    ),
)

# The default port of everything in the catalog, by its name.
PORTS: Mapping[str, int] = {service.name: service.port for service in SERVICES} | {
    component.name: component.port for component in COMPONENTS
}

# What runs only when it is asked for: `wattos up --with`.
OPTIONAL = frozenset(
    {service.name for service in SERVICES if not service.default}
    | {component.name for component in COMPONENTS}
)

_BY_NAME = {service.name: service for service in SERVICES}
_COMPONENT_BY_NAME = {each.name: each for each in COMPONENTS}


def service(name: str) -> Service:
    """Return the service called `name`; KeyError if the catalog has none."""
    return _BY_NAME[name]


def services_below(name: str) -> int:
    """Return how many services, one behind the other, a call to `name` may go through after it."""
    return max((1 + services_below(dep.name) for dep in service(name).depends_on), default=0)


def component(name: str) -> Component:
    """Return the component called `name`; KeyError if the catalog has none."""
    return _COMPONENT_BY_NAME[name]
