"""The result of `wattos loadtest` (`wattos.loadtest/v1`) as table, Markdown and JUnit."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render import ci, text
from wattos_cli.render.junit import Case, junit
from wattos_cli.render.safe import visible

_REQUESTS = ("REQUEST", "COUNT", "FAILED", "P50 MS", "P95 MS", "P99 MS", "MAX MS")
_THRESHOLDS = ("THRESHOLD", "MEASURED", "RESULT")
_ERRORS_SHOWN = 10


def as_table(result: Mapping[str, Any], *, color: bool) -> str:
    """Return requests, thresholds, errors and the verdict, for people."""
    parts = [
        text.table(_REQUESTS, _request_rows(result)),
        text.table(_THRESHOLDS, _threshold_rows(result), color=color),
    ]
    errors = [f"{row['count']} x {visible(row['error'])}" for row in result["errors"][:_ERRORS_SHOWN]]
    if errors:
        parts.append("\n".join(["Errors:", *(f"  {line}" for line in errors)]))
    parts.append("\n".join([*(visible(reason) for reason in result["reasons"]), summary(result)]))
    return "\n\n".join(parts)


def summary(result: Mapping[str, Any]) -> str:
    """Return the verdict in one line."""
    return (
        f"{result['scenario']}: {result['verdict']}, {result['requests']} requests"
        f" in {result['duration_s']:.1f} s ({result['rps']:.1f}/s), {result['failures']} failed"
    )


def limits(result: Mapping[str, Any]) -> str:
    """Return as whom the users came and which limits held for them."""
    tenant = result.get("tenant")
    if not tenant:
        return "no tenant of ours: credentials from WATTOS_TOKEN, if set"
    stated = f"; the gateway states {tenant['policy']}" if tenant["policy"] else ""
    return (
        f"tenant {tenant['name']}: {tenant['keys']} keys of {tenant['per_minute']} requests a minute each"
        f"{stated}; no limiter is switched off"
    )


def as_markdown(result: Mapping[str, Any]) -> str:
    """Return verdict, thresholds and requests for GITHUB_STEP_SUMMARY."""
    lines = [
        ci.markdown_table(f"wattos loadtest: {summary(result)}", _THRESHOLDS, _threshold_rows(result)),
        ci.markdown_table("Requests", _REQUESTS, _request_rows(result)),
        *(f"{reason}\n\n" for reason in (*result["reasons"], limits(result))),
    ]
    return "".join(lines)


def as_junit(result: Mapping[str, Any]) -> str:
    """Return one test case per threshold, and one that says whether the run counts at all."""
    seconds = float(result["duration_s"])
    valid = "" if result["verdict"] != "invalid" else "; ".join(result["reasons"])
    cases = [Case(f"{result['scenario']} is valid", seconds, valid)]
    for row in result["thresholds"]:
        failure = "" if row["ok"] else f"measured {_value(row['value'])}"
        cases.append(Case(str(row["expression"]), 0.0, failure))
    if not result["requests"]:
        cases.append(Case("there are samples", 0.0, "no request was sent"))
    return junit(f"wattos loadtest {result['scenario']}", cases)


def annotations(result: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Return a GitHub annotation for each threshold that was missed and for an invalid run."""
    title = f"wattos loadtest {result['scenario']}"
    told = [f"{r['expression']}: measured {_value(r['value'])}" for r in result["thresholds"] if not r["ok"]]
    told += result["reasons"] if result["verdict"] == "invalid" else []
    return [line for line in (ci.annotation(environ, "error", title, message) for message in told) if line]


def _request_rows(result: Mapping[str, Any]) -> list[Sequence[str]]:
    total = {"name": "all", **{key: result[key] for key in ("requests", "failures", "latency_ms")}}
    rows: list[Sequence[str]] = []
    for row in (*result["by_name"], total):
        times = row["latency_ms"]
        figures = [_value(times[key]) for key in ("p50", "p95", "p99", "max")]
        rows.append((str(row["name"]), str(row["requests"]), str(row["failures"]), *figures))
    return rows


def _threshold_rows(result: Mapping[str, Any]) -> list[Sequence[str]]:
    return [
        (str(row["expression"]), _value(row["value"]), "ok" if row["ok"] else "failed")
        for row in result["thresholds"]
    ]


def _value(value: float | None) -> str:
    return "no sample" if value is None else f"{value:.4g}"
