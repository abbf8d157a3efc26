"""`wattos token create`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from wattos_cli.clients import credentials, running
from wattos_cli.clients.refusals import part
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Option
from wattos_cli.render import ci
from wattos_cli.render.columns import to_the_second

_LONGEST_TTL_S = 366 * 24 * 3600.0  # as the gateway's operations listener has it


class Role(StrEnum):
    """What a credential may do at the gateway."""

    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"


@dataclass(frozen=True)
class Options:
    """A new credential; `ttl_s` is its lifetime in seconds."""

    tenant: str
    role: Role
    user: str
    ttl_s: float
    jwt: bool
    quiet: bool


def run(opts: Options, deps: Deps) -> ExitCode:
    """Make the credential at the gateway's operations listener and print it once."""
    project = running.project_of(deps)
    request = {
        "tenant": opts.tenant,
        "user": opts.user,
        "role": str(opts.role),
        "ttl_s": round(opts.ttl_s),
        "jwt": opts.jwt,
    }
    made = credentials.make_token(deps, project, request)
    console = deps.console
    token = str(part(made, "token"))
    masked = ci.mask(deps.environ, token)
    if masked:
        console.note(masked)
    if console.json_output:
        fields = ("token", "id", "tenant", "role", "expires_at")
        console.json({"schema": "wattos.token-create/v1", **{name: made.get(name) for name in fields}})
        return ExitCode.OK
    console.data(token)
    if not opts.quiet:
        until = to_the_second(str(made.get("expires_at")))
        console.note(
            f"tenant {made.get('tenant')}, role {made.get('role')}, until {until}\n"
            "the token is shown only now; "
            f"revoke it with: wattos token revoke {made.get('id')}"
        )
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos token create`."""

    def create(
        deps: Deps,
        *,
        tenant: Annotated[
            str, Option("--tenant", metavar="T", help="Tenant the credential belongs to.")
        ] = "default",
        role: Annotated[Role, Option("--role", help="What it may do.")] = Role.EDITOR,
        ttl: Annotated[str, Option("--ttl", metavar="TIME", help="How long it is valid.")] = "1h",
        user: Annotated[str, Option("--user", metavar="U", help="User it acts for.")] = "wattos-cli",
        jwt: Annotated[bool, Option("--jwt", help="Make a JWT instead of a key.")] = False,
        quiet: Annotated[bool, Option("-q", "--quiet", help="Print the token alone.")] = False,
    ) -> ExitCode:
        """Make a key (or a JWT) with which a program reaches the gateway.

        The token is printed once on stdout; only its hash is stored.

        Examples:
          wattos token create --tenant school --role editor --ttl 8h
          export WATTOS_TOKEN=$(wattos token create -q --ttl 1h)
        """
        ttl_s = option_seconds(ttl, "--ttl")
        if ttl_s > _LONGEST_TTL_S:
            raise WattosError(
                f"--ttl {ttl}: a credential lives at most 366 days",
                hint="a year: --ttl 8784h",
                code="usage",
                exit_code=ExitCode.USAGE,
            )
        return run(Options(tenant, role, user, ttl_s, jwt, quiet), deps)

    return create
