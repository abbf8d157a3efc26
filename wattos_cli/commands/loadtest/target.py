"""What the load goes to: this project's platform, with keys made for the test, or another host."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wattos_cli.clients import credentials, loadtest_tenant, running
from wattos_cli.clients.refusals import unreachable
from wattos_cli.commands.loadtest.asked import Asked
from wattos_cli.deps import Deps, NoReplyError
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project

_TIMEOUT_S = 5.0
_DOOR = ("gateway",)


@dataclass(frozen=True)
class Target:
    """Where to, with which credentials; `tenant` is for the report, None for another host."""

    url: str
    tokens: Sequence[str]
    tenant: dict[str, Any] | None

    @property
    def ours(self) -> bool:
        """Return whether it is the platform of this project, which can be asked how it is."""
        return self.tenant is not None


@contextmanager
def target_for(asked: Asked, host: str | None, deps: Deps) -> Iterator[Target]:
    """Check that the target answers and yield it; afterwards the keys are revoked.

    WattosError (exit 4) says which service is down.
    """
    if host is not None:
        yield _other(host, deps)
        return
    project = running.project_of(deps)
    url = _gateway_url(project, asked.scenario.services or _DOOR)
    _answers(url, deps)
    most = loadtest_tenant.MOST_KEYS
    keys = loadtest_tenant.make_keys(
        deps, project, most if asked.find_limit else min(asked.plan.users, most), asked.longest_s
    )
    try:
        tenant = {
            "name": loadtest_tenant.TENANT,
            "keys": len(keys.ids),
            "per_minute": loadtest_tenant.PER_MINUTE,
            "policy": loadtest_tenant.policy(deps, url, keys.tokens[0]),
        }
        yield Target(url, keys.tokens, tenant)
    finally:
        problem = loadtest_tenant.revoke_keys(deps, project, keys.ids)
        if problem:
            deps.console.note(f"keys of the load test could not be revoked, they expire soon: {problem}")


def _gateway_url(project: Project, services: Sequence[str]) -> str:
    """Return the gateway's address, if every service that the scenario needs is ready."""
    states: dict[str, set[str]] = {}
    for row in running.running(project):
        states.setdefault(row.name, set()).add(row.state)
    down = [name for name in services if "ready" not in states.get(name, set())]
    if down:
        told = ", ".join(f"{name} is {'/'.join(sorted(states.get(name, {'not running'})))}" for name in down)
        raise WattosError(
            f"the target is not there: {told}",
            hint=f"start what is missing: wattos up {' '.join(down)}   then look at: wattos logs {down[0]}",
            code="target_down",
            exit_code=ExitCode.UNREACHABLE,
            details={"services": down},
        )
    return running.service(project, "gateway").url.rstrip("/")


def _answers(url: str, deps: Deps) -> None:
    try:
        deps.http.request("GET", url, "/health/liveness", timeout_s=_TIMEOUT_S)
    except NoReplyError as error:
        raise unreachable(url, str(error)) from error


def _other(host: str, deps: Deps) -> Target:
    """Return a target that is not this project's platform; its credential is in WATTOS_TOKEN, if it asks."""
    if not host.startswith(("http://", "https://")):
        raise WattosError(
            f"--host {host}: expected http://... or https://...",
            hint="like this: --host http://127.0.0.1:8080",
            code="usage",
            exit_code=ExitCode.USAGE,
        )
    url = host.rstrip("/")
    _answers(url, deps)
    given = deps.environ.get("WATTOS_TOKEN") or deps.environ.get("WATTOS_TOKEN_FILE")
    tokens = [credentials.token(deps, running.project_of(deps))] if given else []
    return Target(url, tokens, None)
