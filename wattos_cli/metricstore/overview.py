"""The platform in figures: what `wattos metrics` shows, gathered with the questions of one list."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from wattos_cli.metricstore.asker import Asker
from wattos_cli.metricstore.counted import PROCESS_START
from wattos_cli.metricstore.prefetched import PrefetchedSource
from wattos_cli.metricstore.questions import METRICS
from wattos_cli.metricstore.series import Source

# Fewer scrapes than that tell no rate.
LEAST_SCRAPES = 2
_IN_MEMORY_S = 3600.0
_LOOKBACK_S = 300.0
# A scrape so long before the window shows that the window is full.
_SLACK_S = 60.0
_PAUSE_S = 60.0
_SERVICE_FIGURES = ("p50_s", "p95_s", "p99_s", "in_flight")
_MODEL_FIGURES = (
    "calls",
    "failed_calls",
    "input_tokens",
    "output_tokens",
    "usd",
    "ttft_p95_s",
    "tokens_per_s",
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Overview:
    """What was found; figures that nothing tells are None. `window_s` is the time that the figures are of.

    `scrapes` counts those of the replica that was scraped most often.
    """

    at: float
    window_s: float
    scrapes: int
    services: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    caches: list[Row] = field(default_factory=list)
    breakers: list[Row] = field(default_factory=list)
    dependencies: list[Row] = field(default_factory=list)
    degraded: list[Row] = field(default_factory=list)


def look(source: Source, at_s: float, since_s: float, known: Mapping[str, str]) -> Overview:
    """Return the figures of the last `since_s`, or of as much of it as has been scraped.

    Both times are whole milliseconds: the window begins at a scrape, and that one is in it.
    `known` are the states of the services by name: none of them is missing, scraped or not.
    """
    gathered = _gathered(source, at_s, since_s)
    asker = Asker(gathered, at_s, since_s + _SLACK_S)
    times = [[float(time) for time, _ in row["values"]] for row in asker.rows("scrapes")]
    first_s = min((_begin_s(each) for each in times), default=at_s)
    window_s = min(since_s, max(at_s - first_s, 1.0))
    scrapes = max((sum(time >= at_s - window_s for time in each) for each in times), default=0)
    asker = Asker(gathered, at_s, window_s)
    scrape_s = window_s / max(scrapes - 1, 1)
    if scrapes < LEAST_SCRAPES:
        return Overview(at_s, since_s, scrapes, _services(asker, known, {}, figures=False))
    return Overview(
        at=at_s,
        window_s=window_s,
        scrapes=scrapes,
        services=_services(asker, known, asker.courses(scrape_s), figures=True),
        models=_models(asker),
        caches=_caches(asker),
        breakers=_labelled(asker, "breakers", {"job": "service", "instance": "replica"}, "name", "state"),
        dependencies=_labelled(asker, "dependencies", {"job": "service", "instance": "replica"}, "check"),
        degraded=[
            {"service": job, "dependency": dependency, "answers": answers}
            for (job, dependency), answers in sorted(asker.figures("degraded", "job", "dependency").items())
        ],
    )


def _begin_s(times: Sequence[float]) -> float:
    """Return since when a replica has been scraped without a pause, as a platform that was down makes one."""
    last_step_s = times[-1] - times[-2] if len(times) > 1 else 0.0
    pause_s = max(_PAUSE_S, 3 * last_step_s)
    begins = [later for earlier, later in pairwise(times) if later - earlier > pause_s]
    return begins[-1] if begins else times[0]


def _gathered(source: Source, at_s: float, since_s: float) -> Source:
    """Return `source` read once, as far as that does not take much memory."""
    if since_s > _IN_MEMORY_S:
        return source
    end_ms = math.ceil(at_s * 1000)
    return PrefetchedSource(
        source, METRICS | {PROCESS_START}, end_ms - round((since_s + _LOOKBACK_S) * 1000), end_ms
    )


def _services(
    asker: Asker, known: Mapping[str, str], courses: Mapping[str, Sequence[float | None]], *, figures: bool
) -> list[Row]:
    ups: dict[str, list[float]] = {}
    for row in asker.rows("up"):
        ups.setdefault(row["metric"].get("job", ""), []).append(float(row["value"][1]))
    requests = asker.figures("requests", "job") if figures else {}
    errors = asker.figures("errors", "job") if figures else {}
    told = {name: asker.figures(name, "job") if figures else {} for name in _SERVICE_FIGURES}
    rows = []
    for name in sorted({*ups, *known}):
        idle = 0.0 if (name,) in told["in_flight"] else None
        grown = requests.get((name,), idle)
        rows.append(
            {
                "name": name,
                "state": _state(ups.get(name, []), known.get(name, "")),
                "requests_per_s": None if grown is None else grown / asker.window_s,
                "error_ratio": errors.get((name,), 0.0) / grown if grown else None,
                **{figure: told[figure].get((name,)) for figure in told},
                "course": courses.get(name, []),
            }
        )
    return rows


def _state(ups: Sequence[float], known: str) -> str:
    """Return `up`, `down`, `2/3 up`; of one that was stopped, or is not scraped, what the supervisor says."""
    if not ups or known == "stopped":
        return "no metrics" if known == "ready" else known
    count = sum(value == 1 for value in ups)
    return {len(ups): "up", 0: "down"}.get(count, f"{count}/{len(ups)} up")


def _models(asker: Asker) -> list[Row]:
    told = {name: asker.figures(name, "provider", "model") for name in _MODEL_FIGURES}
    rows: list[Row] = []
    for (provider, model), calls in told["calls"].items():
        if calls:
            figures = {name: told[name].get((provider, model)) for name in told}
            figures["failed_calls"] = figures["failed_calls"] or 0.0
            rows.append({"provider": provider, "model": model, **figures})
    return sorted(rows, key=lambda row: (-row["calls"], row["provider"], row["model"]))


def _caches(asker: Asker) -> list[Row]:
    hits = asker.figures("hits", "job", "cache")
    return [
        {"service": job, "cache": cache, "hit_ratio": hits.get((job, cache), 0.0) / lookups}
        for (job, cache), lookups in sorted(asker.figures("lookups", "job", "cache").items())
        if lookups
    ]


def _labelled(asker: Asker, name: str, renamed: Mapping[str, str], *kept: str) -> list[Row]:
    """Return the labels of the series that answer the question, some of them under another name."""
    names = {**renamed} | {label: label for label in kept}
    rows = [
        {shown: row["metric"].get(label, "") for label, shown in names.items()} for row in asker.rows(name)
    ]
    return sorted(rows, key=lambda row: tuple(row.values()))
