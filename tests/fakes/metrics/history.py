"""An hour and a quarter of every metric in the registry, made up but always the same.

No two values are equal and no quantile lies on the bound of a bucket: which of two equals is the larger, and
to which side a rounding falls, is nobody's promise.
"""

import math
from collections.abc import Iterator
from random import Random

from wattos_cli.metricstore.series import NAME, Series
from wattos_platform.contracts.metrics import FAMILIES, Label, MetricFamily

# A multiple of a minute. Samples lie half a second beside every whole one: off the boundary of any range.
BEGIN_S = 1_699_999_980
STEP_S = 15
SAMPLES = 300
FIRST_MS = (BEGIN_S * 1000) + 7_500
TIMES_MS = tuple(FIRST_MS + 1000 * STEP_S * place for place in range(SAMPLES))

_REPLICAS = ("gateway-0", "chat-0", "chat-1", "rag-0", "llm-gateway-0", "agent-0")
_KNOWN = {
    "method": ("GET", "POST"),
    "route": ("/api/v1/search", "/v1/chat/completions", "/api/v1/runs", "/health/liveness"),
    "status": ("200", "429", "503"),
    "target": ("hop:rag", "llm:openai"),
    "name": ("hop:rag", "llm:openai"),
    "version": ("0.1.0",),
}
# Counters have counted before; how one is taken back to its begin is a known difference.
_LONG_AGO = 10_000.0
_YOUNG_FROM = 60
_MOST_SETS = {"counter": 5, "gauge": 6, "histogram": 3}
_Rows = Iterator[Series]


def history(seed: int = 1) -> list[Series]:
    """Return the series: counters that are reset once, some that begin late, gauges that wander."""
    rng = Random(seed)
    series: list[Series] = []
    for replica in _REPLICAS:
        job = replica.rpartition("-")[0]
        target = {"job": job, "instance": replica}
        reset = rng.randrange(SAMPLES // 3, SAMPLES)
        away = rng.randrange(SAMPLES // 2, SAMPLES)
        series.append(
            _series("up", target, [float(place not in range(away, away + 8)) for place in range(SAMPLES)])
        )
        series.append(_series("scrape_duration_seconds", target, [rng.random() / 50 for _ in range(SAMPLES)]))
        series.append(
            _series(
                "scrape_samples_scraped", target, [float(rng.randrange(300, 310)) for _ in range(SAMPLES)]
            )
        )
        for family in FAMILIES:
            if family.exposed_by(job):
                series += _family(family, target, reset, rng)
    young = [float(place) for place in range(1 - _YOUNG_FROM, SAMPLES - _YOUNG_FROM + 1)]
    return [
        *series,
        _series("shop_orders_total", {"job": "gateway", "instance": "gateway-0"}, young, _YOUNG_FROM),
    ]


def _family(family: MetricFamily, target: dict[str, str], reset: int, rng: Random) -> _Rows:
    for place, own in enumerate(_label_sets(family)):
        labels = {**own, **target}
        begin = 0 if place == 0 else rng.choice((0, 0, rng.randrange(SAMPLES // 2)))
        if family.kind == "gauge":
            yield _series(family.name, labels, _gauge(family, rng), begin)
        elif family.kind == "counter":
            yield _series(family.name, labels, _counter(reset, rng), begin)
        else:
            yield from _histogram(family, labels, reset, begin, rng)


def _label_sets(family: MetricFamily) -> list[dict[str, str]]:
    """Return some label sets; every value of a label is in one of them, as far as they go."""
    choices = {label.name: _values(label) for label in family.label_set}
    sets = [
        tuple(
            (name, values[(place + shift) % len(values)])
            for shift, (name, values) in enumerate(choices.items())
        )
        for place in range(_MOST_SETS[family.kind])
    ]
    return [dict(each) for each in dict.fromkeys(sets)]


def _values(label: Label) -> tuple[str, ...]:
    return label.values or _KNOWN.get(label.name, (f"{label.name}-a", f"{label.name}-b"))


def _series(name: str, labels: dict[str, str], values: list[float], begin: int = 0) -> Series:
    named = {NAME: name, **{label: value for label, value in labels.items() if value}}
    return Series(tuple(sorted(named.items())), TIMES_MS[begin:], values[begin:])


def _gauge(family: MetricFamily, rng: Random) -> list[float]:
    if family.labels[-1:] == ("state",) or family.name.endswith("_up"):
        return [float(rng.random() < 0.3) for _ in range(SAMPLES)]
    value, values = rng.uniform(0, 20), []
    for _ in range(SAMPLES):
        value = max(0.0, value + rng.gauss(0, 1))
        values.append(value if family.unit else float(round(value)))
    return values


def _counter(reset: int, rng: Random) -> list[float]:
    rate, total, values = rng.choice((0.05, 0.8, 30.0)), _LONG_AGO, []
    for place in range(SAMPLES):
        total = 0.0 if place == reset else total + rng.expovariate(1 / rate)
        values.append(total)
    return values


def _histogram(family: MetricFamily, labels: dict[str, str], reset: int, begin: int, rng: Random) -> _Rows:
    bounds = (*family.buckets, math.inf)
    counts, total = [_LONG_AGO] * len(bounds), _LONG_AGO
    columns: list[list[float]] = [[] for _ in bounds]
    sums: list[float] = []
    for place in range(SAMPLES):
        if place == reset:
            counts, total = [0.0] * len(bounds), 0.0
        for _ in range(rng.randrange(4)):
            observed = rng.lognormvariate(math.log(family.buckets[len(family.buckets) // 2]), 1.5)
            total += observed
            weight = rng.uniform(0.5, 1.5)
            counts = [
                count + weight * (observed <= bound) for count, bound in zip(counts, bounds, strict=True)
            ]
        sums.append(total)
        for column, count in zip(columns, counts, strict=True):
            column.append(count)
    for bound, column in zip(bounds, columns, strict=True):
        le = "+Inf" if bound == math.inf else repr(float(bound))
        yield _series(f"{family.name}_bucket", {**labels, "le": le}, column, begin)
    yield _series(f"{family.name}_sum", labels, sums, begin)
    yield _series(f"{family.name}_count", labels, columns[-1], begin)


def openmetrics(series: list[Series]) -> Iterator[str]:
    """Yield the lines from which `promtool tsdb create-blocks-from openmetrics` makes blocks."""
    for each in series:
        own = dict(each.labels)
        name = own.pop(NAME)
        inside = ",".join(f'{label}="{value}"' for label, value in own.items())
        for time_ms, value in zip(each.times_ms, each.values, strict=True):
            yield f"{name}{{{inside}}} {value!r} {time_ms / 1000!r}"
    yield "# EOF"
