"""The result of a load test as `wattos.loadtest/v1`: one object from which every report is made."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from wattos_cli.loadtest.judging.judgement import Judged
from wattos_cli.loadtest.judging.saturation import cpu_share
from wattos_cli.loadtest.judging.verdict import Stopped, reasons, saturated, verdict
from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.measuring.requests import TIMES, Requests
from wattos_cli.loadtest.plan import Arrivals, Plan

SCHEMA = "wattos.loadtest/v1"
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Run:
    """What is known of a run beside what was measured in it.

    `server` and `breakers` are as the result has them; `limit` is of a search for the largest rate.
    """

    scenario: str
    plan: Plan
    started_at: str
    tenant: Mapping[str, Any] | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    stopped: Stopped | None = None
    server: Sequence[Mapping[str, Any]] = ()
    breakers: Sequence[Mapping[str, Any]] = ()
    limit: Mapping[str, Any] | None = None
    notes: Sequence[str] = ()
    command: str = ""


def outcome(run: Run, measured: Measured, judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the result; `comparison` is None until it is held against a baseline."""
    total, plan = measured.of(), run.plan
    return {
        "schema": SCHEMA,
        "scenario": run.scenario,
        "verdict": verdict(measured, judged, run.stopped, plan.generators),
        "started_at": run.started_at,
        "duration_s": round(measured.duration_s, 3),
        "requests": total.count,
        "failures": total.failures,
        "rps": round(total.count / measured.duration_s, 3) if measured.duration_s > 0 else 0.0,
        **_times(total),
        "thresholds": [
            {"expression": one.threshold.expression, "value": _rounded(one.value), "ok": one.ok}
            for one in judged
        ],
        "by_name": [_named(requests) for _, requests in sorted(measured.total.requests.items())],
        "errors": _errors(measured.total),
        "reasons": [*reasons(measured, plan.host, run.stopped, plan.generators), *run.notes],
        "target": plan.host,
        "users": plan.users,
        "spawn_rate": plan.spawn_rate,
        "tenant": run.tenant,
        "command": run.command,
        "engine": plan.engine,
        "load": _load(plan),
        "arrivals": _arrived(measured) if plan.arrivals else None,
        "generator": _generator(plan, measured),
        "environment": run.environment,
        "intervals": [_interval(interval) for interval in measured.intervals],
        "distribution": {metric: total.time(metric).dump() for metric in TIMES},
        "tokens": _tokens(total),
        "slowest": [asdict(slow) for slow in measured.total.slowest],
        "server": list(run.server),
        "breakers": list(run.breakers),
        "comparison": None,
        "limit": run.limit,
    }


def _errors(total: Interval) -> list[dict[str, Any]]:
    """Return the errors, the most frequent first."""
    ordered = sorted(total.errors.items(), key=lambda row: (-row[1], row[0]))
    return [{"error": text, "count": count} for text, count in ordered]


def _load(plan: Plan) -> dict[str, Any]:
    return {
        "model": "open" if plan.arrivals else "closed",
        "users": plan.users,
        "spawn_rate": plan.spawn_rate,
        "stages": [{"duration_s": stage.duration_s, "users": int(stage.level)} for stage in plan.stages],
        "arrivals": _arrivals(plan.arrivals) if plan.arrivals else None,
        "processes": plan.processes,
    }


def _arrivals(arrivals: Arrivals) -> dict[str, Any]:
    constant = all(stage.level == arrivals.start for stage in arrivals.stages)
    return {
        "shape": "poisson" if arrivals.poisson else "constant" if constant else "ramp",
        "start": arrivals.start,
        "stages": [{"duration_s": stage.duration_s, "rate": stage.level} for stage in arrivals.stages],
    }


def _arrived(measured: Measured) -> dict[str, Any]:
    total = measured.total
    return {"intended": total.due, "dropped": total.dropped, "lateness_ms": _figures(total.lateness)}


def _generator(plan: Plan, measured: Measured) -> dict[str, Any]:
    """Return how the generator fared; `cpu_share` is of the processors of its processes, under load."""
    ending = measured.ending
    workers = ending.workers if ending else 0
    return {
        "cpu_share": round(cpu_share(measured.intervals, plan.generators), 4),
        "processes": plan.generators,
        "workers": {"expected": workers, "lost": ending.lost} if ending and workers else None,
        "saturated": bool(saturated(measured, plan.generators)),
    }


def _interval(interval: Interval) -> dict[str, Any]:
    return {
        "at_s": round(interval.at_s, 3),
        "span_s": round(interval.span_s, 3),
        "users": interval.users,
        "dropped": interval.dropped,
        "requests": {
            name: {
                "count": requests.count,
                "failures": requests.failures,
                "latency": requests.time("latency").dump(),
                **{
                    metric: requests.time(metric).dump()
                    for metric in TIMES[1:]
                    if requests.time(metric).count
                },
            }
            for name, requests in interval.requests.items()
        },
    }


def _tokens(total: Requests) -> dict[str, Any] | None:
    if not total.tokens:
        return None
    return {"output": total.tokens, "per_s": _figures(total.pace)}


def _named(requests: Requests) -> dict[str, Any]:
    return {
        "name": requests.name,
        "requests": requests.count,
        "failures": requests.failures,
        "statuses": requests.statuses,
        **_times(requests),
    }


def _times(requests: Requests) -> dict[str, Any]:
    """Return latency always, ttft and itl where there are samples."""
    return {
        f"{metric}_ms": _figures(requests.time(metric))
        for metric in TIMES
        if metric == "latency" or requests.time(metric).count
    }


def _figures(histogram: Histogram) -> dict[str, float | None]:
    figures = {name: _rounded(histogram.quantile(share)) for name, share in _QUANTILES.items()}
    return {**figures, "max": _rounded(histogram.most if histogram.count else None)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
