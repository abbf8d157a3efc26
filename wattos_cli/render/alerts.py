"""Alerts as a table, JSON, JUnit, Markdown and annotations."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.durations import duration_s
from wattos_cli.render import ci
from wattos_cli.render.columns import duration
from wattos_cli.render.junit import Case, junit
from wattos_cli.render.text import table

_HEAD = ("ALERT", "STATE", "SEVERITY", "SINCE", "WHAT")
_STATES = ("firing", "pending", "inactive")


def as_json(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the object of `wattos alerts -o json`."""
    return {"schema": "wattos.alerts/v1", "alerts": [_row(row) for row in rows]}


def as_table(rows: Sequence[Mapping[str, Any]], now_s: float, *, width: int, color: bool) -> str:
    """Return one line per alert, with the time for which its condition has held."""
    cells = [
        (
            str(row["name"]),
            "muted" if row["muted"] else str(row["state"]),
            str(row["severity"]),
            "-" if row["since"] is None else duration(max(0.0, now_s - row["since"])),
            str(row["description"] or row["summary"] or "-"),
        )
        for row in rows
    ]
    return table(_HEAD, cells, width=width, color=color)


def as_junit(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one case per alert and set of labels; what fires failed."""
    cases = [
        Case(_title(row), 0.0, str(row["description"] or row["summary"]) if row["state"] == "firing" else "")
        for row in rows
    ]
    return junit("alerts", cases)


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what fires or waits, for the summary of a pipeline's step."""
    cells = [
        [str(row["name"]), str(row["state"]), str(row["severity"]), str(row["description"])]
        for row in rows
        if row["state"] != "inactive"
    ]
    return ci.markdown_table("Alerts", ["alert", "state", "severity", "what"], cells)


def annotations(rows: Sequence[Mapping[str, Any]], environ: Mapping[str, str]) -> list[str]:
    """Return an annotation for each alert that fires, in GitHub Actions."""
    lines = [
        ci.annotation(
            environ,
            "error" if row["severity"] == "critical" else "warning",
            str(row["name"]),
            str(row["description"]),
        )
        for row in rows
        if row["state"] == "firing"
    ]
    return [line for line in lines if line]


def waits_s(span: str, time_scale: float) -> float:
    """Return for how many seconds a condition must hold, 0 where none are needed."""
    return duration_s(span) / time_scale if span else 0.0


def summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how many alerts are in which state: `1 firing, 20 inactive`; that nothing fires is said."""
    counts = {state: sum(row["state"] == state for row in rows) for state in _STATES}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no alerts"
    return told if counts["firing"] or not rows else f"nothing fires: {told}"


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON has it: instants as RFC 3339, what is no number as null."""
    from datetime import UTC, datetime

    value, since = row["value"], row["since"]
    written = None if since is None else datetime.fromtimestamp(since, UTC).isoformat().replace("+00:00", "Z")
    return {**row, "value": value if value is None or math.isfinite(value) else None, "since": written}


def _title(row: Mapping[str, Any]) -> str:
    labels = ",".join(f"{name}={value}" for name, value in sorted(row["labels"].items()))
    return f"{row['name']}{{{labels}}}" if labels else str(row["name"])
