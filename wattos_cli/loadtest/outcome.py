"""The result of a load test as `wattos.loadtest/v1`: one object from which every report is made."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.loadtest.histogram import Histogram
from wattos_cli.loadtest.judgement import Judged
from wattos_cli.loadtest.measured import Measured
from wattos_cli.loadtest.requests import TIMES, Requests

SCHEMA = "wattos.loadtest/v1"
_TOO_MANY = "429"


def outcome(
    scenario: str, measured: Measured, judged: Sequence[Judged], run: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the result; `run` holds what was asked for (users, target, tenant ...) and goes in as it is."""
    total = measured.of()
    reasons = _reasons(measured, total, str(run.get("target", "")))
    return {
        "schema": SCHEMA,
        "scenario": scenario,
        "verdict": _verdict(measured, total, judged),
        "duration_s": round(measured.duration_s, 3),
        "requests": total.count,
        "failures": total.failures,
        "rps": round(total.count / measured.duration_s, 3) if measured.duration_s > 0 else 0.0,
        **_times(total),
        "thresholds": [
            {"expression": one.threshold.expression, "value": _rounded(one.value), "ok": one.ok}
            for one in judged
        ],
        "by_name": [
            {
                "name": requests.name,
                "requests": requests.count,
                "failures": requests.failures,
                "statuses": requests.statuses,
                **_times(requests),
            }
            for _, requests in sorted(measured.total.requests.items())
        ],
        "errors": [
            {"error": text, "count": count}
            for text, count in sorted(measured.total.errors.items(), key=lambda row: (-row[1], row[0]))
        ],
        "reasons": reasons,
        **run,
    }


def nobody_answered(total: Requests) -> bool:
    """Say whether requests were sent and not one got an HTTP answer."""
    return 0 < total.count == total.unanswered


def _verdict(measured: Measured, total: Requests, judged: Sequence[Judged]) -> str:
    if measured.ending is None or measured.ending.saturated or nobody_answered(total):
        return "invalid"
    return "pass" if total.count and all(one.ok for one in judged) else "fail"


def _reasons(measured: Measured, total: Requests, target: str) -> list[str]:
    """Return what a reader must know beside the thresholds."""
    reasons = []
    if nobody_answered(total):
        reasons.append(f"{target} stopped answering: no request got an HTTP answer")
    if measured.ending is None:
        reasons.append("the load generator broke off: this is what it had counted until then")
    elif measured.ending.saturated:
        why = "; ".join(measured.ending.saturated)
        reasons.append(f"the load generator was saturated, what it measured is its own slowness: {why}")
    if not total.count:
        reasons.append("no request was sent")
    limited = total.statuses.get(_TOO_MANY, 0)
    if limited:
        reasons.append(
            f"{limited} requests were refused by rate limits (429): "
            "use fewer users, or raise WATTOS_TENANT_RATE_LIMIT"
        )
    return reasons


def _times(requests: Requests) -> dict[str, Any]:
    """Return latency always, ttft and itl where there are samples."""
    return {
        f"{metric}_ms": _figures(requests.time(metric))
        for metric in TIMES
        if metric == "latency" or requests.time(metric).count
    }


def _figures(histogram: Histogram) -> dict[str, float | None]:
    return {
        "p50": _rounded(histogram.quantile(0.5)),
        "p95": _rounded(histogram.quantile(0.95)),
        "p99": _rounded(histogram.quantile(0.99)),
        "max": _rounded(histogram.most if histogram.count else None),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
