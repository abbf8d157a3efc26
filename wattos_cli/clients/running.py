"""What runs in a project, as run/services.json says, and how to reach it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from wattos_cli.config.problems import suggestion
from wattos_cli.deps import Deps, NoReplyError
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project, find
from wattos_platform import catalog

ADMIN_TIMEOUT_S = 5.0
_ERROR = 400


@dataclass(frozen=True, slots=True)
class Running:
    """One replica of a service, or one service of the user's own."""

    name: str
    replica: int
    kind: str
    state: str
    url: str
    ops_socket: str
    row: Mapping[str, Any]


def not_running(project: Project) -> WattosError:
    """Return the error (exit 4) of a command that needs a running platform."""
    hint = "start it with: wattos up   (it runs elsewhere? wattos ps --all, then wattos -C DIR)"
    if project.broke_off():
        hint = "it ended without being stopped: wattos logs supervisor   start it again with: wattos up"
    return WattosError(
        f"the platform is not running in {project.root}",
        hint=hint,
        code="platform_not_running",
        exit_code=ExitCode.UNREACHABLE,
        details={"project": str(project.root)},
    )


def running(project: Project) -> list[Running]:
    """Return every replica that is listed as running; WattosError (exit 4) when there is none."""
    state = project.read_services() or {}
    rows = [_running(row) for row in state.get("services", []) if isinstance(row, dict)]
    alive = [row for row in rows if row.state != "stopped"]
    if not alive:
        raise not_running(project)
    return alive


def _running(row: Mapping[str, Any]) -> Running:
    return Running(
        name=str(row.get("name", "")),
        replica=int(row.get("replica") or 0),
        kind=str(row.get("kind", "bundled")),
        state=str(row.get("state", "")),
        url=str(row.get("url") or ""),
        ops_socket=str(row.get("ops_socket") or ""),
        row=row,
    )


def service(project: Project, name: str) -> Running:
    """Return a replica of `name`, a ready one if there is; WattosError (exit 4) when none is running."""
    rows = running(project)
    found = [row for row in rows if row.name == name]
    if not found:
        raise not_among(name, {row.name for row in rows})
    return next((row for row in found if row.state == "ready"), found[0])


def not_among(name: str, names: Collection[str]) -> WattosError:
    """Return the error for a service that does not run (exit 4) or does not exist (exit 2)."""
    known = set(catalog.PORTS) | set(names)
    if name not in known:
        return WattosError(
            f"there is no service {name!r}.{suggestion(name, known)}",
            hint="see them with: wattos ps",
            code="unknown_service",
            exit_code=ExitCode.USAGE,
        )
    return WattosError(
        f"{name} does not run (running: {', '.join(sorted(names))})",
        hint=f"start it with: wattos up {name}",
        code="service_not_running",
        exit_code=ExitCode.UNREACHABLE,
    )


def admin(
    deps: Deps,
    project: Project,
    target: Running,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    timeout_s: float = ADMIN_TIMEOUT_S,
) -> Any:
    """Post `body` to an /admin path of a replica's operations listener (GET without) and return its answer.

    Raises WattosError: exit 4 when the replica or the operator token is out of reach, 1 when it refuses.
    """
    headers = {"Authorization": f"Bearer {_operator_token(project)}"}
    try:
        reply = deps.http.request(
            "GET" if body is None else "POST",
            f"unix:{target.ops_socket}",
            path,
            body=body,
            headers=headers,
            timeout_s=timeout_s,
        )
    except NoReplyError as error:
        raise WattosError(
            f"{target.name} does not answer on its operations socket: {error}",
            hint="see its state with: wattos ps   and its log with: wattos logs " + target.name,
            code="service_unreachable",
            exit_code=ExitCode.UNREACHABLE,
        ) from error
    answer = _answer(reply.body)
    if reply.status < _ERROR:
        return answer
    raise WattosError(
        str(answer.get("message") or f"{target.name} answered {path} with status {reply.status}"),
        hint=f"wattos logs {target.name} --level warning",
        code=str(answer.get("code", "refused")),
        details={"status": reply.status, "details": answer.get("details")},
    )


def _answer(body: bytes) -> dict[str, Any]:
    import json

    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _operator_token(project: Project) -> str:
    path = project.secret_file("operator.token")
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not ASCII text"
        raise WattosError(
            f"cannot read the operator token {path}: {reason}",
            hint="it belongs to the user who ran `wattos up`; run as that user, or: wattos up --recreate",
            code="operator_token_unreadable",
            exit_code=ExitCode.UNREACHABLE,
        ) from error


def project_of(deps: Deps) -> Project:
    """Return the project of the folder the user stands in."""
    return find(deps.cwd)
