"""The result of a load test, made of what was asked, measured and seen: from it every report is made."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import convert

from wattos_cli.loadtest.judging.judgement import Judged, unknown_names
from wattos_cli.loadtest.judging.limit import Search, knee
from wattos_cli.loadtest.judging.saturation import cpu_share
from wattos_cli.loadtest.judging.verdict import Stopped, reasons, saturated, verdict
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Arrivals, Plan
from wattos_cli.loadtest.result import asked, counting
from wattos_cli.loadtest.result.seen import Arrived, Generator, ServerChart, Slow, Transition, Workers
from wattos_cli.loadtest.result.shape import Held, Limit, Result, Step


@dataclass(frozen=True)
class Run:
    """What is known of a run beside what was measured in it; `limit` is the search that it was a part of."""

    scenario: str
    plan: Plan
    started_at: str
    tenant: asked.Tenant | None = None
    environment: asked.Environment = field(default_factory=asked.Environment)
    stopped: Stopped | None = None
    server: Sequence[ServerChart] = ()
    breakers: Sequence[Transition] = ()
    limit: Search | None = None
    notes: Sequence[str] = ()
    command: str = ""


def outcome(run: Run, measured: Measured, judged: Sequence[Judged]) -> Result:
    """Return the result; `comparison` is None until it is held against a baseline."""
    total, plan = measured.of(), run.plan
    return Result(
        scenario=run.scenario,
        verdict=verdict(measured, judged, run.stopped, plan.generators),
        started_at=run.started_at,
        duration_s=round(measured.duration_s, 3),
        requests=total.count,
        failures=total.failures,
        rps=round(total.count / measured.duration_s, 3) if measured.duration_s > 0 else 0.0,
        **counting.all_times(total),
        thresholds=[Held(one.threshold.expression, counting.rounded(one.value), one.ok) for one in judged],
        by_name=[counting.named(requests) for _, requests in sorted(measured.total.requests.items())],
        errors=counting.errors(measured.total),
        reasons=[
            *reasons(measured, plan.host, run.stopped, plan.generators),
            *unknown_names(judged, measured),
            *run.notes,
        ],
        target=plan.host,
        users=plan.users,
        spawn_rate=plan.spawn_rate,
        tenant=run.tenant,
        command=run.command,
        engine=plan.engine,
        load=_load(plan),
        arrivals=_arrived(measured) if plan.arrivals else None,
        generator=_generator(plan, measured),
        environment=run.environment,
        intervals=[counting.interval(stretch) for stretch in measured.intervals],
        distribution=counting.distribution(total),
        tokens=counting.tokens(total),
        slowest=[convert(slow, Slow, from_attributes=True) for slow in measured.total.slowest],
        server=list(run.server),
        breakers=list(run.breakers),
        limit=_limit(run.limit) if run.limit else None,
    )


def _load(plan: Plan) -> asked.Load:
    return asked.Load(
        model="open" if plan.arrivals else "closed",
        users=plan.users,
        spawn_rate=plan.spawn_rate,
        stages=[asked.UsersStage(stage.duration_s, int(stage.level)) for stage in plan.stages],
        arrivals=_arrivals(plan.arrivals) if plan.arrivals else None,
        processes=plan.processes,
    )


def _arrivals(arrivals: Arrivals) -> asked.Arrivals:
    constant = all(stage.level == arrivals.start for stage in arrivals.stages)
    return asked.Arrivals(
        shape="poisson" if arrivals.poisson else "constant" if constant else "ramp",
        start=arrivals.start,
        stages=[asked.ArrivalsStage(stage.duration_s, stage.level) for stage in arrivals.stages],
    )


def _arrived(measured: Measured) -> Arrived:
    total = measured.total
    return Arrived(total.due, total.dropped, counting.times(total.lateness))


def _generator(plan: Plan, measured: Measured) -> Generator:
    """Return how the generator fared; `cpu_share` is of the processors of its processes, under load."""
    ending = measured.ending
    return Generator(
        cpu_share=round(cpu_share(measured.intervals, plan.generators), 4),
        processes=plan.generators,
        workers=Workers(ending.workers, ending.lost) if ending and ending.workers else None,
        saturated=bool(saturated(measured, plan.generators)),
    )


def _limit(found: Search) -> Limit:
    steps = sorted(found.steps, key=lambda step: step.rate)
    return Limit(
        rate=found.held,
        knee=knee(steps),
        steps=[convert(step, Step, from_attributes=True) for step in steps],
    )
