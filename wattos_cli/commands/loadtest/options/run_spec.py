"""The run that the options mean: the scenario as the command line has changed it, checked beforehand."""

import math
from dataclasses import dataclass
from pathlib import Path

from wattos_cli.commands.loadtest.options.conflicts import (
    UI_PORT,
    crew,
    refuse_conflicts,
    refuse_foreign_file,
)
from wattos_cli.commands.loadtest.options.costs import require_budget
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.durations import duration_text
from wattos_cli.errors import usage
from wattos_cli.loadtest.judging.judgement import objectives_ms
from wattos_cli.loadtest.judging.thresholds import Threshold, parse
from wattos_cli.loadtest.locust_side.command_line import free_port
from wattos_cli.loadtest.plan import Arrivals, Engine, Plan, Stage
from wattos_cli.loadtest.planning import load_shape
from wattos_cli.loadtest.planning.load_shape import LONGEST_S
from wattos_cli.loadtest.scenarios.scenario import Scenario, scenario, whole_file

_DEFAULT = "smoke"
_MOST_USERS = {"locust": 1000, "fast": 20_000}
"""Users that one process carries."""
_LEAST_USERS = 10
_FIRST_RATE, _STEP_S = "10", 15.0
"""Where --find-limit begins, and how long it stays at each rate."""
_MOST_STEPS = 60
_BUSY_S = 2.0
"""So long an iteration of the open model may take on average before no user is free, unless --users says."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """The run as it will be; the plan lacks only where to and with which tokens."""

    scenario: Scenario
    plan: Plan
    thresholds: tuple[Threshold, ...]
    find_limit: bool = False

    @property
    def longest_s(self) -> float:
        """Return how long it takes at the longest, all runs of a search together."""
        return self.plan.duration_s * (_MOST_STEPS if self.find_limit else 1)


def run_spec(opts: Options, cwd: Path) -> RunSpec:
    """Return the run that the options mean; WattosError (exit 2) naming the option that is wrong."""
    found = _scenario(opts, cwd)
    refuse_conflicts(opts)
    require_budget(opts)
    stages = load_shape.stages(opts.stages) if opts.stages else ()
    duration_s = _duration_s(opts, found)
    engine = opts.engine or _engine(opts)
    refuse_foreign_file(engine, found.locustfile)
    arrivals = None
    if opts.rate or opts.find_limit:
        arrivals = load_shape.arrivals(opts.rate or _FIRST_RATE, duration_s, poisson=opts.poisson)
    thresholds = tuple(parse(text) for text in opts.thresholds or found.thresholds)
    _check_find_limit(opts, arrivals, thresholds)
    users = _users(opts, found, engine, stages, arrivals)
    plan = Plan(
        locustfile=found.locustfile,
        journeys=found.journeys,
        host="",
        users=users,
        spawn_rate=_spawn_rate(opts, found, users),
        duration_s=_total_s(stages or (arrivals.stages if arrivals else ())) or duration_s,
        stages=stages,
        arrivals=arrivals,
        engine=engine,
        processes=opts.processes,
        crew=crew(opts),
        ui_port=free_port(UI_PORT) if opts.ui else None,
        model=opts.model or "",
        models=found.models if opts.host is None or opts.allow_paid else (),
        seed=opts.seed,
        objectives_ms=objectives_ms(thresholds),
    )
    return RunSpec(found, plan, thresholds, opts.find_limit)


def _scenario(opts: Options, cwd: Path) -> Scenario:
    """Return what is to be run: a bundled scenario, one of one's own, or the whole of a locustfile."""
    if opts.locustfile is None:
        return scenario(_DEFAULT if opts.scenario is None else opts.scenario)
    path = (cwd / opts.locustfile).resolve()
    if not path.is_file():
        problem = "it is no regular file" if path.exists() else "there is no such file"
        raise usage(f"--locustfile {opts.locustfile}: {problem}", "name a Python file for Locust")
    return whole_file(path) if opts.scenario is None else scenario(opts.scenario, path)


def _engine(opts: Options) -> Engine:
    """Return the engine unless one is named: a search takes the fast one wherever that can do it."""
    fast = opts.find_limit and opts.locustfile is None and opts.processes == 1
    return "fast" if fast else "locust"


def users_enough(rate: float, engine: Engine, processes: int) -> int:
    """Return how many users an arrival rate needs while the target is not overloaded."""
    return max(_LEAST_USERS, min(_MOST_USERS[engine] * processes, math.ceil(rate * _BUSY_S)))


def _duration_s(opts: Options, found: Scenario) -> float:
    if opts.duration_s is not None:
        if opts.duration_s > LONGEST_S:
            raise usage(
                f"--duration {duration_text(opts.duration_s)}: expected at most a week",
                "like this: --duration 12h",
            )
        return opts.duration_s
    return _STEP_S if opts.find_limit else found.duration_s


def _check_find_limit(opts: Options, arrivals: Arrivals | None, thresholds: tuple[Threshold, ...]) -> None:
    if not opts.find_limit or arrivals is None:
        return
    if not thresholds:
        raise usage("--find-limit needs something that has to hold", "like this: --threshold 'p95<500ms'")
    if any(stage.level != arrivals.start for stage in arrivals.stages) or ":" in (opts.rate or ""):
        raise usage(f"--rate {opts.rate}: --find-limit begins at one rate", "like this: --rate 20")


def _users(
    opts: Options, found: Scenario, engine: Engine, stages: tuple[Stage, ...], arrivals: Arrivals | None
) -> int:
    """Return how many users there are: those asked for, of the highest stage, or enough for the rate."""
    crew = opts.workers if opts.master else opts.processes
    most = _MOST_USERS[engine] * crew
    users = found.users if opts.users is None else opts.users
    if stages:
        users = int(max(stage.level for stage in stages))
    elif arrivals and opts.users is None:
        peak = max(arrivals.start, *(stage.level for stage in arrivals.stages))
        users = users_enough(peak, engine, crew)
    if not 1 <= users <= most:
        option = "--stages" if stages else "--users"
        raise usage(
            f"{option} {users}: expected 1 to {most}",
            f"one process carries {_MOST_USERS['locust']} users; more with --processes or --engine fast"
            if users > most
            else "a load test needs somebody: --users 5",
        )
    return users


def _spawn_rate(opts: Options, found: Scenario, users: int) -> float:
    rate = min(found.spawn_rate, users) if opts.spawn_rate is None else opts.spawn_rate
    if not 0 < rate < math.inf:
        raise usage(f"--spawn-rate {rate:g}: expected more than 0", "five a second: --spawn-rate 5")
    return rate


def _total_s(stages: tuple[Stage, ...]) -> float:
    return sum(stage.duration_s for stage in stages)
