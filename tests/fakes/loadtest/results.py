"""Results of load tests as they come out of a whole run, made up: every part of `wattos.loadtest/v1`."""

import math
from typing import Any

import numpy as np

from loadtests.bench import synthetic_runs as synthetic
from loadtests.bench.synthetic_runs import Service

SERVICES = {
    "POST /api/v1/conversations/{id}/messages (stream)": Service(420, 0.5, 0.06, 0.6, 0.004, 18),
    "POST /v1/chat/completions": Service(210, 0.45, 0.05, 0.6, 0.003, 30),
    "POST /api/v1/search": Service(38, 0.35, 0.05, 0.5, 0.001, 60),
    "GET /v1/models": Service(6, 0.3, 0.04, 0.4, 0.0, 40),
}
OUTAGE_S = (95, 130)
MINIMAL = {
    "schema": "wattos.loadtest/v1",
    "scenario": "smoke",
    "verdict": "pass",
    "duration_s": 5.0,
    "requests": 2,
    "failures": 0,
    "rps": 0.4,
    "latency_ms": {"p50": 1.0, "p95": 2.0, "p99": 2.0, "max": 2.0},
    "thresholds": [],
}
"""What the first version of the schema promised, and no more."""


def whole(seconds: int = 240, seed: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a run of a mixed load in which a provider is slow for half a minute and its breaker opens."""
    rng = np.random.default_rng(seed)
    course = synthetic.levels(Service(), seconds, rng)
    intervals = []
    for at_s, level in enumerate(course):
        slower = 0.9 * math.exp(-(((at_s - sum(OUTAGE_S) / 2) / 14) ** 2))
        interval = synthetic.interval(SERVICES, float(at_s), 1.0, level + slower, rng)
        intervals.append({**interval, "users": min(20, 2 * at_s + 2)})
    ttft = synthetic.histogram(np.exp(rng.normal(math.log(140), 0.4, 4000)))
    itl = synthetic.histogram(np.exp(rng.normal(math.log(12), 0.25, 30_000)))
    result = synthetic.result(intervals)
    distribution = {**result["distribution"], "ttft": ttft.dump(), "itl": itl.dump()}
    return {
        **result,
        "verdict": "fail",
        "ttft_ms": synthetic.quantiles(ttft),
        "itl_ms": synthetic.quantiles(itl),
        "thresholds": [
            {"expression": "p95<500ms", "value": result["latency_ms"]["p95"], "ok": False},
            {"expression": "errors:rate<1%", "value": result["failures"] / result["requests"], "ok": True},
            {"expression": "ttft:p95<800ms", "value": ttft.quantile(0.95), "ok": True},
            {"expression": "rps:rate>=50", "value": result["rps"], "ok": True},
        ],
        "errors": [
            {
                "error": "POST /v1/chat/completions: 503 provider_unavailable: <upstream> timed out",
                "count": 41,
            },
            {"error": "POST /api/v1/search: HTTPConnectionPool: read timed out", "count": 7},
        ],
        "reasons": [
            "12 requests were refused by rate limits (429): use fewer users",
            "worse than the baseline main.json: latency p50",
        ],
        "tenant": {"name": "loadtest", "keys": 20, "per_minute": 6000, "policy": '"tenant";q=6000;w=60'},
        "command": "wattos loadtest mixed --users 20 --duration 4m --baseline main.json",
        "generator": {"cpu_share": 0.34, "processes": 1, "workers": None, "saturated": False},
        "distribution": distribution,
        "tokens": {"output": 182_340, "per_s": {"p50": 78.2, "p95": 51.0}},
        "slowest": slowest(),
        "server": server(seconds, rng),
        "breakers": breakers(),
        "comparison": comparison(),
        **changes,
    }


def slowest() -> list[dict[str, Any]]:
    """Return the twenty slowest requests, one of them without a trace."""
    names = sorted(SERVICES)
    return [
        {
            "name": names[place % len(names)],
            "at_s": round(96.2 + 1.7 * place, 2),
            "latency_ms": round(5210.4 * 0.93**place, 1),
            "trace_id": None if place == 3 else f"{0x4BF92F3577B34DA6A3CE929D0E0E4736 + place:032x}",
            "status": 200 if place % 3 else 503,
        }
        for place in range(20)
    ]


def server(seconds: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return metrics as they are scraped every five seconds, one of them with a gap, one with many series."""

    def course(base: float, scatter: float, gap: tuple[int, int] = (0, 0)) -> list[list[float | None]]:
        return [
            [float(at_s), None if gap[0] < at_s < gap[1] else float(max(0, rng.normal(base, scatter)))]
            for at_s in range(0, seconds, 5)
        ]

    def busy(names: tuple[str, ...]) -> list[dict[str, Any]]:
        return [
            {"label": name, "points": course(0.1 + 0.08 * place, 0.03)} for place, name in enumerate(names)
        ]

    services = ("gateway", "chat", "rag", "llm-gateway", "agent")
    return [
        {"title": "Processor time", "unit": "share", "series": busy(services)},
        {
            "title": "Resident memory",
            "unit": "bytes",
            "series": [
                {"label": name, "points": course(9e7 + 2e7 * n, 1e6, (100, 140))}
                for n, name in enumerate(services)
            ],
        },
        {
            "title": "Requests in flight",
            "unit": "",
            "series": [{"label": "gateway", "points": course(12, 3)}],
        },
        {
            "title": "Calls to models by outcome",
            "unit": "1/s",
            "series": [{"label": f"outcome-{n}", "points": course(30 / (n + 1), 1)} for n in range(11)],
        },
    ]


def breakers() -> list[dict[str, Any]]:
    """Return how two breakers opened, were tried and closed again."""
    changes = [
        (98.4, "llm-gateway", 0, "provider:openai", "closed", "open", "slow calls: 82 % of 50"),
        (104.0, "chat", 0, "llm-gateway", "closed", "open", "failures: 55 % of 20"),
        (114.1, "chat", 0, "llm-gateway", "open", "half_open", "waited 10 s"),
        (114.9, "chat", 0, "llm-gateway", "half_open", "closed", "5 of 5 probes"),
        (128.4, "llm-gateway", 0, "provider:openai", "open", "half_open", "waited 30 s"),
        (129.6, "llm-gateway", 0, "provider:openai", "half_open", "closed", "5 of 5 probes"),
    ]
    keys = ("at_s", "service", "replica", "name", "from", "to", "cause")
    return [dict(zip(keys, change, strict=True)) for change in changes]


def comparison() -> dict[str, Any]:
    """Return a comparison with every verdict there is."""
    rows = [
        ("latency p50", "ms", 58.1, 66.3, 1.1411, 1.0934, 1.1902, "regression"),
        ("latency p95", "ms", 672.0, 702.1, 1.0448, 0.9721, 1.1203, "unclear"),
        ("ttft p50", "ms", 141.0, 140.2, 0.9943, 0.9771, 1.0122, "no_change"),
        ("ttft p95", "ms", 311.0, 282.0, 0.9068, 0.8611, 0.9523, "improvement"),
        ("itl", "ms", None, None, None, None, None, "no_sample"),
        ("errors", "share", 0.0012, 0.0024, None, 0.0002, 0.0021, "no_change"),
        ("rps", "/s", 148.2, 147.9, 0.998, 0.985, 1.011, "no_change"),
    ]
    search, models = "POST /api/v1/search", "GET /v1/models"
    named = [
        ("latency p50", "ms", 38.2, 44.7, 1.1702, 1.0911, 1.2544, "regression", search),
        ("latency p95", "ms", 68.4, 79.9, 1.1681, 1.0702, 1.2745, "regression", search),
        ("latency p50", "ms", 6.1, 6.1, 1.0, 0.9602, 1.0413, "no_change", models),
        ("latency p95", "ms", 9.8, 9.9, 1.0102, 0.9411, 1.0843, "unclear", models),
    ]
    keys = ("metric", "unit", "baseline", "now", "ratio", "low", "high", "verdict", "name")
    return {
        "baseline": "main.json",
        "verdict": "regression",
        "confidence": 0.9875,
        "rows": [dict(zip(keys, row, strict=False)) for row in rows],
        "by_name": [dict(zip(keys, row, strict=True)) for row in named],
        "confidence_by_name": 0.995,
        "too_few": ["POST /v1/chat/completions"],
    }


def limit() -> dict[str, Any]:
    """Return a search for the limit: the knee is at 160 a second."""
    steps = []
    for rate in (20, 40, 80, 120, 160, 180, 200, 240):
        queue = 1 / max(1 - rate / 205, 0.02)
        achieved = min(rate, 196.0)
        held = rate <= 180
        times = {key: round(base * queue, 1) for key, base in (("p50", 24), ("p95", 61), ("p99", 98))}
        errors = 0.0 if held else round((rate - achieved) / rate, 3)
        verdict = "pass" if held else "fail"
        steps.append({"rate": rate, "achieved": achieved, **times, "errors": errors, "verdict": verdict})
    return {"rate": 180.0, "knee": 160.0, "steps": steps}


def interrupted(**changes: Any) -> dict[str, Any]:
    """Return a run of six seconds, of which the third and the fourth have no sample."""
    empty = {"count": 0, "total": 0.0, "min": None, "max": 0.0, "buckets": {}}
    service = {"GET /x": synthetic.Service(errors=0.0)}
    rng = np.random.default_rng(1)
    intervals = [synthetic.interval(service, float(at_s), 1.0, 0.0, rng) for at_s in range(6)]
    for place in (2, 3):
        intervals[place]["requests"] = {"GET /x": {"count": 0, "failures": 0, "latency": empty}}
    return {**synthetic.result(intervals), **changes}
