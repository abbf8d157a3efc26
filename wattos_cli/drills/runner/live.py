"""The real harness of drills: the platform of this project, and load from a generator of our own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from wattos_cli.clients import breakers, loadtest_tenant, running
from wattos_cli.clients.breaker_changes import ChangeReader
from wattos_cli.clients.breaker_orders import Order, give
from wattos_cli.clients.health_probe import probe_project
from wattos_cli.clients.loadtest_tenant import Keys
from wattos_cli.clients.simulator import Simulator
from wattos_cli.deps import Deps, Finding
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.faults.fault import FaultTarget
from wattos_cli.drills.observing.view import Scraped
from wattos_cli.drills.runner.harness import Harness
from wattos_cli.drills.runner.interruptions import Shield
from wattos_cli.leftovers.before_and_after import cleared_afterwards
from wattos_cli.loadtest.generation import started
from wattos_cli.loadtest.load import Load
from wattos_cli.loadtest.plan import Arrivals, Plan, Stage
from wattos_cli.loadtest.scenarios.places import folder
from wattos_cli.metricsource import store
from wattos_cli.metricstore.stored import StoredMetrics
from wattos_cli.project import Project
from wattos_cli.supervisor.scrape_now import scrape_now

_PROBE_TIMEOUT_S = 2.0
# Who is frozen on purpose answers nothing: a phase must not grow by much for it.
_ADMIN_TIMEOUT_S = 1.0
_FRESH_S = 1.0
_OPEN = frozenset({"open", "half_open"})
_REASON = "a drill of wattos is over"
_CLEARED_S = 30.0
"""So long what the users left is deleted, before the next drill begins: little, only what failed."""
_Start = Callable[[Plan, Mapping[str, str]], AbstractContextManager[Load]]


class LivePlatform:
    """The platform that runs in this project."""

    def __init__(self, deps: Deps, project: Project) -> None:
        self._deps = deps
        self._project = project
        self._changes = ChangeReader(deps, project, timeout_s=_ADMIN_TIMEOUT_S)
        self._scraped: Scraped | None = None

    def breakers(self) -> Sequence[Mapping[str, Any]]:
        """Return every breaker of every replica that answers."""
        answers = breakers.everywhere(
            self._deps, self._project, "/admin/breakers", timeout_s=_ADMIN_TIMEOUT_S
        )
        return breakers.listing(answers)

    def changes(self) -> Sequence[Mapping[str, Any]]:
        """Return the breakers' changes of state since the last call, none at the first."""
        return self._changes.read()

    def findings(self) -> Sequence[Finding]:
        """Return how each replica says it is."""
        return probe_project(self._deps, (), probe="full", timeout_s=_PROBE_TIMEOUT_S)

    def scraped(self) -> Scraped:
        """Return metrics that are a second old at most; they are scraped out of turn for that."""
        now = self._deps.clock()
        if self._scraped is None or now - self._scraped.at_s > _FRESH_S:
            scrape_now(self._deps)
            kept = store(self._deps)
            metrics = StoredMetrics(kept, kept, kept.damaged)
            self._scraped = Scraped(metrics, kept, round(self._deps.clock(), 3))
        return self._scraped

    def counts(self) -> Mapping[str, Any]:
        """Return what the simulator received; empty when none runs."""
        if not any(row.name == "simulator" for row in running.running(self._project)):
            return {}
        return Simulator.running(self._deps, self._project).counts()

    def restarts(self) -> int:
        """Return how often the supervisor has started a process again, of all that run."""
        return sum(int(row.row.get("restarts") or 0) for row in running.running(self._project))


def live_harness(deps: Deps, project: Project, shield: Shield, *, start: _Start = started) -> Harness:
    """Return the harness for the platform of `project`; `start` starts the generator of its load."""
    platform, target = LivePlatform(deps, project), FaultTarget(deps, project)

    @contextmanager
    def load(drill: Drill, longest_s: float) -> Iterator[Load]:
        with (
            _users(deps, project, drill, longest_s) as keys,
            _heard_afterwards(shield),
            start(_plan(project, drill, longest_s, keys), deps.environ) as generation,
        ):
            yield generation

    return Harness(
        platform=platform,
        load=load,
        fault=lambda form: form.fault(target),
        reset=lambda name: _close(deps, platform, name),
        shield=shield,
        clock=deps.clock,
        monotonic=deps.monotonic,
        sleep=deps.sleep,
    )


@contextmanager
def _users(deps: Deps, project: Project, drill: Drill, longest_s: float) -> Iterator[Keys]:
    """Yield keys of the temporary tenant; then what their users left is deleted, and they are revoked."""
    services = {row.name for row in running.running(project)}
    with (
        loadtest_tenant.keys_for(deps, project, drill.load.users, longest_s) as keys,
        cleared_afterwards(deps, project, _url(project), keys, services, last_s=_CLEARED_S),
    ):
        yield keys


@contextmanager
def _heard_afterwards(shield: Shield) -> Iterator[None]:
    """Have signals heard again after the block, also if one ended it: what follows breaks nothing."""
    try:
        yield
    finally:
        with shield.shielded():
            pass


def _plan(project: Project, drill: Drill, longest_s: float, keys: Keys) -> Plan:
    load = drill.load
    return Plan(
        locustfile=folder() / "locustfile.py",
        journeys=load.journeys,
        host=_url(project),
        users=load.users,
        spawn_rate=load.users,
        duration_s=longest_s,
        arrivals=Arrivals(load.rate, (Stage(longest_s, load.rate),)) if load.rate else None,
        engine="fast",
        model=load.model,
        tokens=keys.tokens,
        prefix=keys.prefix,
    )


def _url(project: Project) -> str:
    return running.service(project, "gateway").url.rstrip("/")


def _close(deps: Deps, platform: LivePlatform, name: str) -> None:
    """Close the breaker `name` if it is open anywhere; one that a person has steered stays as it is."""
    if any(row["name"] == name and row["state"] in _OPEN for row in platform.breakers()):
        give(deps, Order("reset", name, _REASON))
