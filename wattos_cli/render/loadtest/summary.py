"""What a load test came to in a line each."""

import re
from collections.abc import Mapping
from typing import Any

from wattos_cli.render.loadtest.figures import counted, time
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
    rows = compared["rows"]
    worse = [str(row["metric"]) for row in rows if row["verdict"] == "regression"]
    unclear = [str(row["metric"]) for row in rows if row["verdict"] == "unclear"]
    told = f"against {compared['baseline'] or 'the baseline'}: "
    told += f"regression of {', '.join(worse)}" if worse else "no regression"
    if unclear:
        told += f"; these runs are too short to rule one out of {', '.join(unclear)}"
    return told
