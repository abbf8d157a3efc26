"""The result of a load test on a terminal: it fits 80 columns."""

from collections.abc import Mapping
from typing import Any

from wattos_cli.render import text
from wattos_cli.render.loadtest import rows
from wattos_cli.render.loadtest.figures import counted, figure, share, time
from wattos_cli.render.loadtest.summary import comparison_gaps, comparison_summary, summary
from wattos_cli.render.safe import visible

_ERRORS_SHOWN = 10
_SLOWEST_SHOWN = 3


def as_table(result: Mapping[str, Any], *, color: bool, width: int = 0) -> str:
    """Return requests, thresholds, errors and the verdict, for people; cut to `width` unless it is 0."""
    parts = [
        _table(rows.requests(result), color=color, width=width),
        _table(rows.streams(result), color=color, width=width),
        _table(rows.thresholds(result), color=color, width=width),
        comparison(result["comparison"], color=color, width=width) if result["comparison"] else "",
        _limit(result, color=color, width=width),
        "\n".join(_lines("Errors:", [f"{row['count']} x {row['error']}" for row in result["errors"]])),
        "\n".join(_slowest(result)),
        "\n".join(visible(line) for line in _summaries(result)),
    ]
    return "\n\n".join(part for part in parts if part)


def comparison(compared: Mapping[str, Any], *, color: bool, width: int = 0) -> str:
    """Return how a run compares with its baseline, and which names became slower."""
    told = (_table(each(compared), color=color, width=width) for each in (rows.comparison, rows.slower))
    return "\n\n".join(table for table in told if table)


def _table(told: rows.Table, *, color: bool, width: int) -> str:
    """Return the table, its first column cut if need be; nothing for one without rows."""
    if not told.rows:
        return ""
    return text.table(told.head, told.rows, color=color, width=width, cut=0, right=told.figures)


def _limit(result: Mapping[str, Any], *, color: bool, width: int) -> str:
    limit = result["limit"]
    if not limit:
        return ""
    found = "no rate held the thresholds"
    if limit["rate"] is not None:
        found = f"the largest rate that held: {figure(limit['rate'], '/s')}"
    return "\n".join(filter(None, (_table(rows.steps(limit), color=color, width=width), found)))


def _lines(heading: str, lines: list[str]) -> list[str]:
    told = [heading, *(f"  {visible(line)}" for line in lines[:_ERRORS_SHOWN])]
    hidden = len(lines) - _ERRORS_SHOWN
    return [*told, f"  and {hidden} others"] if hidden > 0 else told if lines else []


def _summaries(result: Mapping[str, Any]) -> list[str]:
    """Return what the run came to, the verdict last."""
    compared = result["comparison"]
    told = [*_arrivals(result), *result["reasons"]]
    if compared and compared["verdict"] == "regression":  # which is among the reasons
        told += comparison_gaps(compared)
    elif compared:
        told += comparison_summary(compared).split("; ")
    return [*told, summary(result)]


def _slowest(result: Mapping[str, Any]) -> list[str]:
    """Return the few slowest requests, each with what shows its log lines below it."""
    told = ["Slowest requests:"] if result["slowest"] else []
    for row in result["slowest"][:_SLOWEST_SHOWN]:
        told.append(visible(f"  {time(row['latency_ms'])} at {row['at_s']:.1f} s: {row['name']}"))
        if row["trace_id"]:
            told.append(visible(f"    {rows.trace_command(row)}"))
    return told


def _arrivals(result: Mapping[str, Any]) -> list[str]:
    """Return what became of the arrivals of an open model."""
    arrivals = result["arrivals"]
    if not arrivals:
        return []
    intended, dropped = arrivals["intended"], arrivals["dropped"]
    lost = share(dropped / intended if intended else 0.0)
    told = f"{counted(intended, 'arrival')}, {dropped} dropped ({lost})"
    late = arrivals["lateness_ms"]
    return [f"{told}; the generator was {time(late['p99'])} late (p99)" if late else told]
