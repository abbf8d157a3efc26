"""What the load goes to: this project's platform, with keys made for the test, or another host."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from wattos_cli.clients import credentials, loadtest_tenant, running
from wattos_cli.clients.addresses import asked, check_address
from wattos_cli.clients.refusals import unreachable
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.commands.loadtest.options.run_spec import RunSpec
from wattos_cli.commands.loadtest.target.wallet import Wallet, wallet_for
from wattos_cli.deps import Deps, NoReplyError
from wattos_cli.errors import ExitCode, WattosError, usage
from wattos_cli.leftovers.before_and_after import clear_leftovers, cleared_afterwards
from wattos_cli.loadtest.journey import NAME_PREFIX
from wattos_cli.loadtest.result.asked import Tenant
from wattos_cli.project import Project

_TIMEOUT_S = 5.0
_OTHERS_KEY = "put the key into WATTOS_TOKEN, or a file: WATTOS_TOKEN_FILE"
_GATEWAY = ("gateway",)


@dataclass(frozen=True)
class Target:
    """Where to, with which credentials; `tenant` is for the report, None for another host.

    `prefix` is that of the names of what users make there.
    """

    url: str
    tokens: Sequence[str]
    tenant: Tenant | None
    wallet: Wallet
    prefix: str = NAME_PREFIX

    @property
    def ours(self) -> bool:
        """Return whether it is the platform of this project, which can be asked how it is."""
        return self.tenant is not None


@contextmanager
def target_for(run: RunSpec, opts: Options, deps: Deps) -> Iterator[Target]:
    """Check that the target answers, clear what earlier runs left, and yield it.

    Then what its users made is deleted, and the keys are revoked. Meanwhile no more is spent in its name than
    --max-usd says. WattosError: exit 4 says which service is down, exit 2 that a model costs money.
    """
    if opts.host is not None:
        yield _other(opts.host, Wallet(deps, None, opts.max_usd), deps)
        return
    project = running.project_of(deps)
    url = _gateway_url(project, run.scenario.services or _GATEWAY)
    _require_answer(url, deps)
    wallet = _wallet(run, opts, deps, project)
    clear_leftovers(deps, project, url)
    most = loadtest_tenant.MOST_KEYS
    count = most if run.find_limit else min(run.plan.users, most)
    with loadtest_tenant.keys_for(deps, project, count, run.longest_s) as keys:
        tenant = Tenant(
            name=loadtest_tenant.TENANT,
            keys=len(keys.ids),
            per_minute=loadtest_tenant.PER_MINUTE,
            policy=loadtest_tenant.policy(deps, url, keys.tokens[0]),
        )
        services = run.scenario.services or {row.name for row in running.running(project)}
        with cleared_afterwards(deps, project, url, keys, services), wallet.guarded():
            yield Target(url, keys.tokens, tenant, wallet, keys.prefix)


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


def _wallet(run: RunSpec, opts: Options, deps: Deps, project: Project) -> Wallet:
    """Return the wallet of the run; without a model gateway there is nothing to pay for."""
    if not any(row.name == "llm-gateway" for row in running.running(project)):
        return Wallet(deps, None, opts.max_usd)
    return wallet_for(run.scenario, opts, deps, project)


def _require_answer(url: str, deps: Deps, refuse: Callable[[str, str], WattosError] = unreachable) -> None:
    """Return if anything answers there, whatever; WattosError (exit 4) if nothing does."""
    try:
        asked(deps.http, "GET", url, "/health/liveness", token=None, timeout_s=_TIMEOUT_S)
    except NoReplyError as error:
        raise refuse(url, str(error)) from error


def _silent(url: str, reason: str) -> WattosError:
    """Return the error (exit 4) for another host that does not answer."""
    return WattosError(
        f"the target does not answer at {url}: {reason}",
        hint=f"is that its address? try: curl -v {url}/",
        code="target_down",
        exit_code=ExitCode.UNREACHABLE,
        details={"url": url},
    )


def _other(host: str, wallet: Wallet, deps: Deps) -> Target:
    """Return a target that is not this project's platform; its credential is in WATTOS_TOKEN, if it asks."""
    if "@" in urlsplit(host).netloc:
        raise usage("--host: a user or password in the address would be seen by others", _OTHERS_KEY)
    check_address("--host", host, "http://127.0.0.1:8080", "WATTOS_TOKEN_FILE")
    url = host.rstrip("/")
    _require_answer(url, deps, _silent)
    given = deps.environ.get("WATTOS_TOKEN") or deps.environ.get("WATTOS_TOKEN_FILE")
    tokens = [credentials.token(deps, running.project_of(deps))] if given else []
    return Target(url, tokens, None, wallet)
