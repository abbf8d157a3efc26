"""Circuit breakers as a table that fits 80 columns, with a line below each that is not closed."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render import ci, text
from wattos_cli.render.columns import duration, to_the_second
from wattos_cli.render.safe import visible
from wattos_platform.contracts.breakers import STATES

_HEAD = ("SERVICE", "BREAKER", "STATE", "CALLS", "FAILED", "SLOW", "REFUSED")
_FIGURES = frozenset({"CALLS", "FAILED", "SLOW", "REFUSED"})
_BREAKER = 1
_INDENT = "    "
_CAUSES = {
    "consecutive_failures": "failures in a row",
    "failure_rate": "too many failed",
    "slow_call_rate": "too many were slow",
    "retry_after": "it asked to be left alone (Retry-After)",
    "wait_elapsed": "the wait is over, the next call probes",
    "probe_failed": "the probe failed",
    "ttl_elapsed": "its time was over, the next call probes",
}
Row = Mapping[str, Any]


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Return what stops calls first, then by breaker, service and replica."""
    rank = {state: place for place, state in enumerate(STATES)}
    return sorted(
        rows, key=lambda row: (rank.get(row["state"], 0), row["name"], row["service"], row["replica"])
    )


def label(row: Row) -> str:
    """Return the replica of a row as `chat-0`."""
    return f"{row['service']}-{row['replica']}"


def as_table(rows: Sequence[Row], *, width: int, color: bool) -> str:
    """Return a row per breaker and replica; below those that are not closed, why and until when."""
    cells = [_cells(row) for row in rows]
    table = text.table(_HEAD, cells, width=width, color=color, cut=_BREAKER, right=_FIGURES)
    head, *lines = table.split("\n")
    shown = [head]
    for row, line in zip(rows, lines, strict=True):
        shown.append(line)
        reason = why(row)
        if reason:
            shown.append(text.colored(_INDENT + visible(reason), "dim", enabled=color))
    return "\n".join(shown)


def why(row: Row) -> str:
    """Return why a breaker is not closed, by whom, and when that ends; "" for a closed one."""
    if row["state"] == "closed":
        return ""
    if row.get("actor"):
        end = ends(row)
        return f"{row['reason']} ({row['actor']}{', ' + end if end else ''})"
    parts = [_CAUSES.get(str(row.get("cause")), str(row.get("cause")))]
    if row["state"] == "open":
        wait_s = float(row.get("retry_after_s") or 0)
        parts.append(f"tries again in {duration(wait_s)}" if wait_s >= 1 else "tries again at the next call")
    return ", ".join(parts)


def ends(row: Row) -> str:
    """Return when a state set by hand ends: `29s left`, or `until reset`."""
    if not row.get("expires_at"):
        return "until reset"
    wait_s = float(row.get("retry_after_s") or 0)
    return f"{duration(wait_s)} left" if wait_s else f"until {row['expires_at']}"


def summary(rows: Sequence[Row]) -> str:
    """Return how many are in which state, in one line: long tables scroll away."""
    states = [str(row["state"]) for row in rows]
    counts = [f"{states.count(state)} {state}" for state in STATES if state in states]
    replicas = len({label(row) for row in rows})
    return f"{replicas} replica{'' if replicas == 1 else 's'}: {', '.join(counts)}"


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the table for GITHUB_STEP_SUMMARY."""
    not_closed = sum(1 for row in rows if row["state"] != "closed")
    cells = [(*_cells(row), why(row)) for row in rows]
    return ci.markdown_table(f"wattos breaker list: {not_closed} not closed", (*_HEAD, "WHY"), cells)


def annotations(rows: Sequence[Row], environ: Mapping[str, str]) -> list[str]:
    """Return a GitHub annotation for each breaker that refuses calls."""
    lines = [
        ci.annotation(environ, "warning", f"{row['name']} is {row['state']} in {label(row)}", why(row))
        for row in rows
        if row["state"] in {"open", "forced_open"}
    ]
    return [line for line in lines if line]


def change_line(change: Row, *, color: bool) -> str:
    """Return one change of state: time, replica, breaker, from, to, why."""
    clock = str(change["time"])[11:23] + "Z"
    after = text.status(str(change["to"]), enabled=color)
    place = f"{label(change):<13} {visible(str(change['name'])):<15}"
    if change.get("actor"):
        reason = f"{change['reason']} ({change['actor']})"
    else:
        reason = _CAUSES.get(str(change["cause"]), str(change["cause"]).replace("_", " "))
    return f"{clock} {place} {change['from']} -> {after}  {visible(reason)}"


def outcome_table(rows: Sequence[Row], *, width: int, color: bool) -> str:
    """Return a row per replica that was told: its state and until when, or why it did not obey."""
    cells = [(label(row), str(row["state"] or "failed"), str(row["error"] or _until(row))) for row in rows]
    return text.table(("SERVICE", "STATE", "UNTIL"), cells, width=width, color=color)


def _until(row: Row) -> str:
    if row["state"] == "closed":
        return "-"
    return to_the_second(str(row["expires_at"])) if row.get("expires_at") else "reset"


def _cells(row: Row) -> tuple[str, ...]:
    calls = int(row["calls"])
    rates = (f"{row[rate]:.0%}" if calls else "-" for rate in ("failure_rate", "slow_call_rate"))
    return (label(row), str(row["name"]), str(row["state"]), str(calls), *rates, str(row["not_permitted"]))
