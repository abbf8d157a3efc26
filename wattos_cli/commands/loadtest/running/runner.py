"""Runs generators for what was asked, and makes results of what they measured."""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from wattos_cli import metricsource
from wattos_cli.clients.running import project_of
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.commands.loadtest.options.run_spec import RunSpec
from wattos_cli.commands.loadtest.running.progress import Progress
from wattos_cli.commands.loadtest.running.watch import (
    POLL_S,
    Display,
    Guard,
    StoppableLoad,
    Watched,
    watch,
)
from wattos_cli.commands.loadtest.target import server_side
from wattos_cli.commands.loadtest.target.access import Target
from wattos_cli.commands.loadtest.target.breaker_watch import BreakerWatch
from wattos_cli.commands.loadtest.target.restarts import Restarts
from wattos_cli.config import load
from wattos_cli.deps import Deps
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.judging.early_abort import EarlyAbort
from wattos_cli.loadtest.judging.judgement import judge
from wattos_cli.loadtest.judging.limit import Search
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.result.environment import environment
from wattos_cli.loadtest.result.outcome import Run, outcome
from wattos_cli.loadtest.result.seen import ServerChart
from wattos_cli.loadtest.result.shape import Result
from wattos_cli.logstore.instants import rfc3339
from wattos_cli.render.loadtest.figures import counted

Start = Callable[[Plan, Mapping[str, str]], AbstractContextManager[StoppableLoad]]


class Runner:
    """Runs plans against one target, and knows what goes on there meanwhile."""

    def __init__(self, spec: RunSpec, target: Target, opts: Options, deps: Deps, start: Start) -> None:
        self.spec = spec
        self.opts = opts
        self.deps = deps
        self.plan = replace(spec.plan, host=target.url, tokens=target.tokens, prefix=target.prefix)
        self._target = target
        self._start = start
        self._environment = environment(self.plan)

    def run(self, plan: Plan, title: str) -> Watched:
        """Run a plan to its end, or until there is a reason to end it before; see `watch`.

        The target's breakers and services are looked after meanwhile, for this run alone.
        """
        guards: list[Guard] = [self._target.wallet]
        if self.opts.abort:
            guards.append(EarlyAbort(plan, self.spec.thresholds))
        project = project_of(self.deps)
        restarts = Restarts(project) if self._target.ours else None
        breakers = BreakerWatch(self.deps, project) if self._target.ours else None
        with breakers.watching() if breakers else nullcontext(), self._start(plan, self.deps.environ) as load:
            watched = watch(
                load,
                Progress(title, plan),
                Display(self.deps.console, plan.duration_s, quiet=self.opts.quiet),
                guards,
                self.deps,
                plan=plan,
                breakers=lambda: breakers.not_closed if breakers else None,
            )
        if breakers is None or restarts is None:
            return watched
        notes = [*restarts.notes, *breakers.notes]
        return replace(watched, breakers=breakers.transitions(watched.began_at_s), notes=notes)

    def work(self) -> None:
        """Make load for a master until it ends the run; WattosError (exit 4) if it cannot be found."""
        self.deps.console.note(f"working for the master at {self.plan.crew.address}; Ctrl-C ends")
        with self._start(self.plan, self.deps.environ) as load:
            while load.running:
                self.deps.sleep(POLL_S)
                load.poll()
            load.result()

    def result(self, plan: Plan, watched: Watched, limit: Search | None = None) -> Result:
        """Return the result of a run, what the platform tells of its time, and the search for the limit."""
        began_s = watched.began_at_s
        self._target.wallet.look()
        charts, problem = self._server(began_s, began_s + watched.measured.duration_s)
        run = Run(
            scenario=self.spec.scenario.name,
            plan=plan,
            started_at=rfc3339(began_s),
            tenant=self._target.tenant,
            environment=self._environment,
            stopped=watched.stopped,
            server=charts,
            breakers=watched.breakers,
            limit=limit,
            notes=[
                *too_few_in_time(plan),
                *self._target.wallet.notes,
                *watched.notes,
                *([limit.bounded_by] if limit and limit.bounded_by else []),
                *([problem] if problem else []),
            ],
            command=self.opts.command,
        )
        return outcome(run, watched.measured, judge(self.spec.thresholds, watched.measured))

    def planned(self) -> Result:
        """Return the result of a run of which nothing was measured yet."""
        scenario, around = self.spec.scenario.name, self._environment
        return outcome(Run(scenario, self.plan, "", self._target.tenant, around), Measured(), [])

    def _server(self, start_s: float, end_s: float) -> tuple[list[ServerChart], str]:
        """Return the platform's own metrics of a time, and why they are missing if they are."""
        if not self._target.ours:
            return [], ""
        try:
            scrape_s = load(project_of(self.deps).root, self.deps.environ).scrape_interval_s
            source = metricsource.metrics(metricsource.MetricsEndpoint(), self.deps)
        except WattosError as error:
            return [], f"metrics of the platform are missing: {error.message}"
        return server_side.charts(source, start_s, end_s, scrape_s=scrape_s)


def too_few_in_time(plan: Plan) -> list[str]:
    """Return that users come so slowly that the run is over before all are there, if they do."""
    if plan.arrivals or plan.stages or plan.spawn_rate * plan.duration_s >= plan.users:
        return []
    came, rate = math.ceil(plan.spawn_rate * plan.duration_s), f"--spawn-rate is {plan.spawn_rate:g} a second"
    return [f"only {came} of {plan.users} users come in {plan.duration_s:g} s: {rate}"]


def described(plan: Plan) -> str:
    """Return how much load it will be, and for how long."""
    if plan.arrivals:
        levels = [plan.arrivals.start, *(stage.level for stage in plan.arrivals.stages)]
        rates = " to ".join(f"{level:g}" for place, level in enumerate(levels) if level not in levels[:place])
        return f"{counted(rates, 'arrival')} a second for {plan.duration_s:g} s"
    if plan.stages:
        levels = [stage.level for stage in plan.stages]
        steps = ", then ".join(f"{level:.0f}" for level in levels)
        return f"{counted(steps, 'user')} in {plan.duration_s:g} s"
    until = f"for {plan.duration_s:g} s" if math.isfinite(plan.duration_s) else "until their own shape ends"
    return f"{counted(plan.users, 'user')} {until}"
