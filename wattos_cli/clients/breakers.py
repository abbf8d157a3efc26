"""The breakers of every replica, over the operations listeners: listed, shown, steered."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattos_cli.clients import running
from wattos_cli.clients.fan_out import ask_all
from wattos_cli.clients.refusals import part
from wattos_cli.clients.running import Running
from wattos_cli.config.problems import suggestion
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project
from wattos_platform.contracts.breakers import MAX_ACTOR_CHARS

# A name that no path can hold is a name that no breaker has.
_NOT_FOUND = frozenset({"breaker_not_found", "route_not_found"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What one replica answered; exactly one of `body` and `error` is set."""

    replica: Running
    body: Mapping[str, Any] | None = None
    error: WattosError | None = None

    @property
    def unknown(self) -> bool:
        """Return whether the replica has no breaker of that name and cannot have one."""
        return self.error is not None and self.error.code in _NOT_FOUND


def replicas(project: Project, service: str = "", replica: int | None = None) -> list[Running]:
    """Return the replicas that have breakers: those of bundled services, or the named ones alone.

    WattosError when nothing runs (exit 4), or when no such replica does (exit 4) or could (exit 2).
    """
    rows = [row for row in running.running(project) if row.kind == "bundled" and row.ops_socket]
    names = {row.name for row in rows}
    if service and service not in names:
        raise running.not_among(service, names)
    found = [
        row
        for row in rows
        if (not service or row.name == service) and (replica is None or row.replica == replica)
    ]
    if not found and replica is not None:
        raise WattosError(
            f"there is no replica {replica} of {service or 'any service'}",
            hint="see them with: wattos ps",
            code="unknown_replica",
            exit_code=ExitCode.USAGE,
        )
    if not found:
        raise running.not_running(project)
    return found


def ask(
    deps: Deps,
    project: Project,
    targets: Sequence[Running],
    path_for: Callable[[Running], str],
    body: Mapping[str, Any] | None = None,
    *,
    timeout_s: float = running.ADMIN_TIMEOUT_S,
) -> list[Answer]:
    """Return what each of `targets` answers to GET its path, or to POST its path with `body`."""

    def one(target: Running) -> Answer:
        try:
            path = path_for(target)
            return Answer(target, running.admin(deps, project, target, path, body, timeout_s=timeout_s))
        except WattosError as error:
            return Answer(target, error=error)

    late = f"no answer within {timeout_s:g} s"
    return [
        answer or Answer(target, error=WattosError(late, code="service_unreachable"))
        for target, answer in zip(targets, ask_all(targets, one, timeout_s), strict=True)
    ]


def everywhere(
    deps: Deps, project: Project, path: str, service: str = "", *, timeout_s: float = running.ADMIN_TIMEOUT_S
) -> list[Answer]:
    """Return the answers of all replicas (of `service`) to GET `path`; errors as in `replicas`."""
    return ask(deps, project, replicas(project, service), lambda _target: path, timeout_s=timeout_s)


def path_of(name: str) -> str:
    """Return the admin path of the breaker called `name`."""
    from urllib.parse import quote

    return f"/admin/breakers/{quote(name, safe=':')}"


def listing(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return one row per breaker and replica: its service and replica, then what the replica tells of it."""
    return [
        {"service": answer.replica.name, "replica": answer.replica.replica, **row}
        for answer in answers
        if answer.body is not None
        for row in part(answer.body, "breakers")
    ]


def unreached(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return the replicas that did not answer, or failed, with the reason."""
    return [
        {"service": answer.replica.name, "replica": answer.replica.replica, "error": answer.error.message}
        for answer in answers
        if answer.error is not None and not answer.unknown
    ]


def require_any(answers: Sequence[Answer]) -> None:
    """Raise WattosError (exit 4) when no replica answered at all."""
    errors = [answer.error for answer in answers if answer.error is not None]
    if len(errors) == len(answers) and not any(answer.unknown for answer in answers):
        raise errors[0]


def require_known(name: str, answers: Sequence[Answer]) -> None:
    """Raise WattosError (exit 2) with a suggestion when every replica that answered knows no such breaker."""
    if any(answer.body is not None for answer in answers):
        return
    known = {
        each
        for answer in answers
        if answer.error is not None
        for detail in answer.error.details.get("details") or ()
        for each in detail.get("known") or ()
    }
    services = sorted({answer.replica.name for answer in answers})
    where = f" in {services[0]}" if len(services) == 1 else ""
    raise WattosError(
        f"there is no circuit breaker {name!r}{where}.{suggestion(name, known)}",
        hint="see them with: wattos breaker list",
        code="unknown_breaker",
        exit_code=ExitCode.USAGE,
        details={"name": name, "known": sorted(known)},
    )


def actor(environ: Mapping[str, str]) -> str:
    """Return who gives an order: WATTOS_ACTOR, else the login name at this machine's name."""
    given = environ.get("WATTOS_ACTOR", "").strip()
    if len(given) > MAX_ACTOR_CHARS or not given.isprintable():
        raise WattosError(
            f"WATTOS_ACTOR must be one line of at most {MAX_ACTOR_CHARS} characters",
            hint="write it like ann@example.org, or unset it",
            code="actor_invalid",
            exit_code=ExitCode.CONFIG,
        )
    return given or f"{_login_name()}@{os.uname().nodename}"[:MAX_ACTOR_CHARS]


def _login_name() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"
