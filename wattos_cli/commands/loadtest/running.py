"""One run from its start to its result."""

import math
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wattos_cli import metricsource
from wattos_cli.clients.running import project_of
from wattos_cli.commands.loadtest import server_side
from wattos_cli.commands.loadtest.asked import Asked
from wattos_cli.commands.loadtest.breaker_watch import BreakerWatch
from wattos_cli.commands.loadtest.course import Course
from wattos_cli.commands.loadtest.options import Options
from wattos_cli.commands.loadtest.target import Target
from wattos_cli.commands.loadtest.watching import POLL_S, Display, watch
from wattos_cli.deps import Deps
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.environment import environment
from wattos_cli.loadtest.hopeless import Hopeless
from wattos_cli.loadtest.judgement import judge
from wattos_cli.loadtest.outcome import Run, outcome
from wattos_cli.logstore.instants import rfc3339
from wattos_cli.render import loadtest as render

if TYPE_CHECKING:
    from wattos_cli.commands.loadtest.run import Start


def measured(
    asked: Asked, target: Target, opts: Options, deps: Deps, start: "Start"
) -> tuple[dict[str, Any], BaseException | None]:
    """Return the result of the run, and the Ctrl-C or SIGTERM that ended it, to be raised once it is told."""
    plan = replace(asked.plan, host=target.url, tokens=target.tokens)
    title = f"{asked.scenario.name}: {described(asked)} against {target.url}"
    if not opts.quiet:
        deps.console.note(f"{title}\n{render.limits({'tenant': target.tenant})}")
    around = environment(plan)
    breakers = BreakerWatch(deps, project_of(deps)) if target.ours else None
    course = Course(title, plan)
    with start(plan, deps.environ) as load, breakers.beside() if breakers else nullcontext():
        watched = watch(
            load,
            course,
            Display(deps.console, plan.duration_s, quiet=opts.quiet),
            [Hopeless(plan, asked.thresholds)] if opts.abort else [],
            deps,
            duration_s=plan.duration_s,
            breakers=lambda: breakers.not_closed if breakers else None,
        )
    charts, problem = _server(deps, watched.began_at_s) if target.ours else ([], "")
    run = Run(
        scenario=asked.scenario.name,
        plan=plan,
        started_at=rfc3339(watched.began_at_s),
        tenant=target.tenant,
        environment=around,
        stopped=watched.stopped,
        server=charts,
        breakers=breakers.rows(watched.began_at_s) if breakers else (),
        notes=[problem] if problem else [],
    )
    return outcome(run, watched.measured, judge(asked.thresholds, watched.measured)), watched.cut


def work(asked: Asked, target: Target, deps: Deps, start: "Start") -> None:
    """Make load for a master until it ends the run; WattosError (exit 4) if it cannot be found."""
    plan = replace(asked.plan, host=target.url, tokens=target.tokens)
    deps.console.note(f"working for the master at {plan.crew.address}; Ctrl-C ends")
    with start(plan, deps.environ) as load:
        while load.running:
            deps.sleep(POLL_S)
            load.poll()
        load.result()


def described(asked: Asked) -> str:
    """Return how much load it will be, and for how long."""
    plan = asked.plan
    if plan.arrivals:
        levels = [plan.arrivals.start, *(stage.level for stage in plan.arrivals.stages)]
        rates = " to ".join(f"{level:g}" for place, level in enumerate(levels) if level not in levels[:place])
        return f"{rates} arrivals a second for {plan.duration_s:g} s"
    if plan.stages:
        levels = [stage.level for stage in plan.stages]
        return f"{', then '.join(f'{level:.0f}' for level in levels)} users in {plan.duration_s:g} s"
    until = f"for {plan.duration_s:g} s" if math.isfinite(plan.duration_s) else "until their own shape ends"
    return f"{plan.users} users {until}"


def _server(deps: Deps, began_at_s: float) -> tuple[list[dict[str, Any]], str]:
    """Return the platform's own metrics of the run, and why they are missing if they are."""
    try:
        source = metricsource.metrics(metricsource.Whom(), deps)
    except WattosError as error:
        return [], f"metrics of the platform are missing: {error.message}"
    return server_side.charts(source, began_at_s, deps.clock())
