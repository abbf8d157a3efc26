"""What a program that is not ours is asked, now, by whoever wants to know how it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wattos_cli.clients import redis_ping
from wattos_cli.clients.running import Running
from wattos_cli.deps import Deps, Http, NoReplyError, Reply
from wattos_cli.project import Project
from wattos_platform import catalog

if TYPE_CHECKING:
    from wattos_cli.config import OwnService

# Returns the answer, None where yes has no words; NoReplyError says why there is none.
Question = Callable[[Http, float], Reply | None]
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Get:
    """An HTTP path must answer."""

    address: str
    path: str

    def __call__(self, http: Http, timeout_s: float) -> Reply:
        """Return the answer."""
        return http.request("GET", self.address, self.path, timeout_s=timeout_s)


@dataclass(frozen=True, slots=True)
class Ping:
    """A server that speaks Redis's protocol must answer PONG; `password` gives its password when asked."""

    port: int
    password: Callable[[], str]

    def __call__(self, _http: Http, timeout_s: float) -> None:
        """Return when it does."""
        redis_ping.ask("127.0.0.1", self.port, self.password(), timeout_s)


@dataclass(frozen=True, slots=True)
class Connect:
    """A port must accept connections."""

    host: str
    port: int

    def __call__(self, _http: Http, timeout_s: float) -> None:
        """Return when it does."""
        import socket

        try:
            socket.create_connection((self.host, self.port), timeout_s).close()
        except TimeoutError as error:
            raise NoReplyError(f"no connection within {timeout_s:g} s") from error
        except OSError as error:
            raise NoReplyError((error.strerror or type(error).__name__).lower()) from error


def questions(targets: Sequence[Running], deps: Deps, project: Project) -> dict[str, Question]:
    """Return the question to each component and own service among `targets`, by its name.

    Whom there is nothing to ask is left out: the supervisor alone knows how it is.
    """
    found: dict[str, Question | None] = {}
    own: Mapping[str, OwnService] = {}
    if any(target.kind == "own" for target in targets):
        from wattos_cli.config import load

        own = {service.name: service for service in load(project.root, deps.environ).own_services}
    for target in targets:
        if target.kind == "component":
            found[target.name] = _to_component(target, project)
        elif target.name in own:
            found[target.name] = _to_own(target, own[target.name])
    return {name: question for name, question in found.items() if question is not None}


def _to_component(target: Running, project: Project) -> Question | None:
    try:
        component = catalog.component(target.name)
    except KeyError:  # of another version of wattos
        return None
    if component.ready != catalog.PING:
        return Get(target.url, component.ready)
    return Ping(int(target.row.get("port") or component.port), lambda: _password(project, component))


def _password(project: Project, component: catalog.Component) -> str:
    path = project.secret_file(component.password_file)
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not ASCII text"
        raise NoReplyError(f"cannot read its password {path}: {reason}") from error


def _to_own(target: Running, service: "OwnService") -> Question | None:
    """Return what the supervisor asks it too: its health path, else that of its address, else its port."""
    url, health = service.url or target.url, service.health or ""
    if service.oneshot or not (url or "://" in health):
        return None
    parts = urlsplit(health if "://" in health else url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if health and "://" not in health:
        path = "/" + health.lstrip("/")
    if health or path not in {"", "/"}:
        return Get(f"{parts.scheme}://{parts.netloc}", path or "/")
    return Connect(parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))
