"""Load tests that never ran: results of a service whose truth is known, by a clock that is only counted.

Latencies are lognormal within a second; the seconds have a level in common that wanders (a first-order
autoregression), as caches, neighbours and garbage collectors make it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from wattos_cli.loadtest.measuring.histogram import GROWTH, Histogram
from wattos_cli.loadtest.result.shape import Result

ENVIRONMENT = {
    "machine": {
        "id": "5d41402abc4b2a76",
        "cpu": "AMD EPYC 7763 64-Core Processor",
        "cores": 2,
        "memory_bytes": 8_321_499_136,
        "system": "Linux 6.8.0",
    },
    "versions": {"wattos": "0.1.0", "python": "3.11.2", "locust": "2.47.1"},
    "scenario_hash": "9f86d081884c7d65",
}


@dataclass(frozen=True)
class Service:
    """What answers: logarithms `spread` within a second, whose level wanders by `wander`, with a `memory`."""

    median_ms: float = 80.0
    spread: float = 0.4
    wander: float = 0.04
    memory: float = 0.5
    errors: float = 0.002
    rate: float = 100.0


def levels(service: Service, seconds: int, rng: np.random.Generator) -> list[float]:
    """Return the logarithm by which each second is slower than the service's median."""
    level = rng.normal(0, service.wander)
    found = []
    for _ in range(seconds):
        found.append(float(level))
        step = service.wander * math.sqrt(1 - service.memory**2)
        level = service.memory * level + rng.normal(0, step)
    return found


def histogram(values: np.ndarray[Any, np.dtype[np.float64]]) -> Histogram:
    """Return the histogram of values, all above 0."""
    if not len(values):
        return Histogram()
    buckets, counts = np.unique(np.floor(np.log(values) / GROWTH).astype(int), return_counts=True)
    return Histogram(
        len(values),
        float(values.sum()),
        float(values.min()),
        float(values.max()),
        dict(zip(buckets.tolist(), counts.tolist(), strict=True)),
    )


def interval(
    services: Mapping[str, Service], at_s: float, span_s: float, level: float, rng: np.random.Generator
) -> dict[str, Any]:
    """Return one interval of the requests of each service."""
    requests = {}
    for name, service in services.items():
        count = int(rng.poisson(service.rate * span_s))
        failures = int(rng.binomial(count, service.errors))
        logs = rng.normal(math.log(service.median_ms) + level, service.spread, count - failures)
        dumped = histogram(np.exp(logs)).dump()
        requests[name] = {"count": count, "failures": failures, "latency": dumped}
    return {"at_s": at_s, "span_s": span_s, "users": 20, "dropped": 0, "requests": requests}


def result(intervals: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return the result of a run of these intervals, as `wattos.loadtest/v1`."""
    names = sorted({name for each in intervals for name in each["requests"]})
    whole = {name: _counted(intervals, name) for name in names}
    everything = Histogram()
    for counted in whole.values():
        everything.merge(counted["latency"])
    seconds = sum(each["span_s"] for each in intervals)
    requests = sum(counted["count"] for counted in whole.values())
    failures = sum(counted["failures"] for counted in whole.values())
    return {
        "schema": "wattos.loadtest/v1",
        "scenario": "mixed",
        "verdict": "pass",
        "duration_s": seconds,
        "requests": requests,
        "failures": failures,
        "rps": round(requests / seconds, 3) if seconds else 0.0,
        "latency_ms": quantiles(everything),
        "thresholds": [],
        "by_name": [
            {
                "name": name,
                "requests": counted["count"],
                "failures": counted["failures"],
                "statuses": {"200": counted["count"] - counted["failures"], "503": counted["failures"]},
                "latency_ms": quantiles(counted["latency"]),
            }
            for name, counted in whole.items()
        ],
        "errors": [],
        "reasons": [],
        "target": "http://127.0.0.1:3001",
        "users": 20,
        "spawn_rate": 20.0,
        "tenant": None,
        "started_at": "2026-11-27T06:00:00Z",
        "engine": "locust",
        "load": {"model": "closed", "users": 20, "spawn_rate": 20.0, "stages": [], "processes": 1},
        "environment": ENVIRONMENT,
        "intervals": intervals,
        "distribution": {"latency": everything.dump()},
        **more,
    }


def result_of(made_up: Mapping[str, Any]) -> Result:
    """Return a made-up result as it is when it was read; msgspec.ValidationError if it breaks the schema."""
    return msgspec.convert(made_up, Result)


def quantiles(histogram: Histogram) -> dict[str, float | None]:
    """Return the quantiles of a result, in ms."""
    return {
        "p50": histogram.quantile(0.5),
        "p95": histogram.quantile(0.95),
        "p99": histogram.quantile(0.99),
        "max": histogram.most if histogram.count else None,
    }


def run(service: Service, seconds: int, seed: int) -> dict[str, Any]:
    """Return the result of `seconds` of load on one service."""
    return mixed_run({"GET /x": service}, seconds, seed)


def mixed_run(services: Mapping[str, Service], seconds: int, seed: int) -> dict[str, Any]:
    """Return the result of `seconds` of load on several services, each of which wanders by itself."""
    rng = np.random.default_rng(seed)
    courses = {name: levels(service, seconds, rng) for name, service in services.items()}
    intervals = []
    for at_s in range(seconds):
        each = [
            interval({name: service}, at_s, 1.0, courses[name][at_s], rng)
            for name, service in services.items()
        ]
        requests = {name: counted for one in each for name, counted in one["requests"].items()}
        intervals.append({**each[0], "requests": requests})
    return result(intervals)


def _counted(intervals: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    together = Histogram()
    counts = {"count": 0, "failures": 0}
    for each in intervals:
        counted = each["requests"].get(name)
        if counted:
            together.merge(Histogram.load(counted["latency"]))
            counts = {key: value + counted[key] for key, value in counts.items()}
    return {**counts, "latency": together}
