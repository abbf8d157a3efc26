"""`wattos token revoke`."""

from dataclasses import dataclass
from typing import Annotated, Any

from wattos_cli.clients import running
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument
from wattos_cli.project import Project

_UNKNOWN = "token_not_found"


@dataclass(frozen=True)
class Options:
    """What to revoke: a token, an id, or `-` for a token on stdin."""

    target: str


def run(opts: Options, deps: Deps) -> ExitCode:
    """Revoke at the gateway and say what was revoked."""
    target = _from_stdin(deps) if opts.target == "-" else opts.target
    is_token = target.startswith("wk_") or target.count(".") == 2  # noqa: PLR2004 - the three parts of a JWT
    project = running.project_of(deps)
    gateway = running.service(project, "gateway")
    request = {"token": target} if is_token else {"id": target}
    answer = _revoked(deps, project, gateway, request)
    revoked = {"id": answer.get("id"), "revoked_at": answer.get("revoked_at")}
    if deps.console.json_output:
        deps.console.json({"schema": "wattos.token-revoke/v1", **revoked})
    else:
        deps.console.note(f"revoked {revoked['id']}")
    return ExitCode.OK


def _revoked(deps: Deps, project: Project, gateway: running.Running, request: dict[str, str]) -> Any:
    """Return the gateway's answer; WattosError for a token that there is none of says where its id stands."""
    try:
        return running.admin(deps, project, gateway, "/admin/tokens/revoke", request)
    except WattosError as error:
        if error.code == _UNKNOWN:
            error.hint = "name the id that `wattos token create` told, or the whole token"
        raise


def _from_stdin(deps: Deps) -> str:
    if deps.stdin.isatty():
        raise WattosError(
            "a token is expected on stdin, and stdin is a terminal",
            hint='echo "$WATTOS_TOKEN" | wattos token revoke -   or: wattos token revoke ID',
            code="usage",
            exit_code=ExitCode.USAGE,
        )
    token = deps.stdin.readline().strip()
    if not token:
        raise WattosError(
            "stdin is empty; a token was expected on its first line",
            hint='echo "$WATTOS_TOKEN" | wattos token revoke -',
            code="usage",
            exit_code=ExitCode.USAGE,
        )
    return token


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos token revoke`."""

    def revoke(
        deps: Deps,
        *,
        target: Annotated[
            str, Argument(metavar="ID|TOKEN|-", help="An id, a token, or - to read it from stdin.")
        ],
    ) -> ExitCode:
        """Revoke a key or a JWT at once.

        Prefer the id, or `-`: a token on the command line can be read by other users of this machine.

        Examples:
          wattos token revoke 0197f2c4-7a4e
          echo "$WATTOS_TOKEN" | wattos token revoke -
        """
        return run(Options(target), deps)

    return revoke
