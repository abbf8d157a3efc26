"""What a load test came to in a line each."""

import re
from collections.abc import Mapping
from typing import Any

from wattos_cli.render.loadtest.figures import counted, listed, time
from wattos_cli.render.safe import visible

_POLICY = re.compile(r'"([a-z_-]+)";q=(\d+);w=(\d+)')


def summary(result: Mapping[str, Any]) -> str:
    """Return the verdict in one line; a run of less than a second has no rate."""
    duration_s = result["duration_s"]
    pace = f"{duration_s:.1f} s ({result['rps']:.1f}/s)" if duration_s >= 1 else time(duration_s * 1000)
    return (
        f"{result['scenario']}: {result['verdict']}, {counted(result['requests'], 'request')}"
        f" in {pace}, {result['failures']} failed"
    )


def limits(result: Mapping[str, Any]) -> str:
    """Return as whom the users came and which limits held for them."""
    tenant = result.get("tenant")
    if not tenant:
        return "no tenant of ours: credentials from WATTOS_TOKEN, if set"
    stated = f"; the gateway allows {_allowed(tenant['policy'])}" if tenant["policy"] else ""
    return (
        f"tenant {tenant['name']}: {tenant['keys']} keys of {tenant['per_minute']:,} requests a minute each"
        f"{stated}; no limiter is switched off"
    )


def _allowed(policy: str) -> str:
    """Return a RateLimit-Policy as `6,000 in 60 s per credential, ...`, as it is if it says more."""
    found = _POLICY.findall(policy)
    if len(found) != policy.count(";q="):
        return visible(policy)
    return ", ".join(f"{int(quota):,} in {window_s} s per {whom}" for whom, quota, window_s in found)


def comparison_summary(compared: Mapping[str, Any]) -> str:
    """Return what the comparison came to, and what it could not tell."""
    worse = [what(row) for row in (*compared["rows"], *compared["by_name"]) if row["verdict"] == "regression"]
    told = f"against {compared['baseline'] or 'the baseline'}: "
    told += f"regression of {listed(worse)}" if worse else "no regression"
    return "; ".join([told, *comparison_gaps(compared)])


def comparison_gaps(compared: Mapping[str, Any]) -> list[str]:
    """Return what the comparison could not tell: of which figures, and of which names."""
    unclear = [str(row["metric"]) for row in compared["rows"] if row["verdict"] == "unclear"]
    too_few = [str(name) for name in compared["too_few"]]
    return [
        *([f"these runs are too short to rule one out of {', '.join(unclear)}"] if unclear else []),
        *([f"too few requests to judge: {listed(too_few)}"] if too_few else []),
    ]


def what(row: Mapping[str, Any]) -> str:
    """Return what a row of a comparison is about: a figure, of all requests or of a name."""
    return f"{row['metric']} of {row['name']}" if row["name"] else str(row["metric"])
