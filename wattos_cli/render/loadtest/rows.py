"""The tables of a load test's reports: headings and rows, the same in every form."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from wattos_cli.render.loadtest.figures import change, digits, figure, points, share, time

_QUANTILES = ("p50", "p95", "p99", "max")
_TIMES = {"ttft_ms": "time to first token", "itl_ms": "between tokens"}
_MOST_SLOW = 20


class Table(NamedTuple):
    """A table; `figures` names the columns that are aligned to the right."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: frozenset[str] = frozenset()


def requests(result: Mapping[str, Any]) -> Table:
    """Return counts and times of each request name, and of all together; times in ms."""
    total = {"name": "all", **{key: result[key] for key in ("requests", "failures", "latency_ms")}}
    rows = [
        (str(row["name"]), str(row["requests"]), str(row["failures"]), *_times(row["latency_ms"]))
        for row in (*result["by_name"], total)
    ]
    head = ("REQUEST", "COUNT", "FAILED", "P50 MS", "P95 MS", "P99 MS", "MAX MS")
    return Table("Requests", head, rows, frozenset(head[1:]))


def streams(result: Mapping[str, Any]) -> Table:
    """Return the times of streamed answers; no rows if there were none."""
    rows = [(told, *_times(result[key])) for key, told in _TIMES.items() if result.get(key)]
    head = ("STREAMED ANSWERS", "P50 MS", "P95 MS", "P99 MS", "MAX MS")
    return Table("Streamed answers", head, rows, frozenset(head[1:]))


def thresholds(result: Mapping[str, Any]) -> Table:
    """Return each threshold with what was measured."""
    rows = [
        (str(row["expression"]), figure(row["value"], row["unit"]), "ok" if row["ok"] else "failed")
        for row in result["thresholds"]
    ]
    return Table("Thresholds", ("THRESHOLD", "MEASURED", "RESULT"), rows, frozenset({"MEASURED"}))


def comparison(compared: Mapping[str, Any]) -> Table:
    """Return each figure of two runs, with the change and the range it lies in."""
    rows = [_compared(row) for row in compared["rows"]]
    head = ("METRIC", "BASELINE", "NOW", "CHANGE", "BETWEEN", "VERDICT")
    return Table("Against the baseline", head, rows, frozenset(head[1:5]))


def slower(compared: Mapping[str, Any]) -> Table:
    """Return the names of requests whose latency got worse, with the change and the range it lies in."""
    rows = []
    for row in compared["by_name"]:
        metric, *figures, verdict = _compared(row)
        if verdict == "regression":
            rows.append((str(row["name"]), metric.removeprefix("latency "), *figures))
    head = ("SLOWER REQUEST", "LATENCY", "BASELINE", "NOW", "CHANGE", "BETWEEN")
    return Table("Requests that became slower", head, rows, frozenset(head[2:]))


def steps(limit: Mapping[str, Any]) -> Table:
    """Return each rate that was tried in search of the limit."""
    rows = [
        (
            *(figure(row["rate"], "/s"), figure(row["achieved"], "/s")),
            *(time(row[key]) for key in _QUANTILES[:3]),
            *(share(row["errors"]), str(row["verdict"])),
        )
        for row in limit["steps"]
    ]
    head = ("RATE", "ACHIEVED", "P50", "P95", "P99", "ERRORS", "VERDICT")
    found = "no rate held" if limit["rate"] is None else figure(limit["rate"], "/s")
    return Table(f"Search for the limit: {found}", head, rows, frozenset(head[1:6]))


def slowest(result: Mapping[str, Any], most: int = _MOST_SLOW) -> Table:
    """Return the slowest requests, each with the command that shows its log lines."""
    rows = [
        (
            *(str(row["name"]), f"{row['at_s']:.1f} s", time(row["latency_ms"])),
            str("-" if row["status"] is None else row["status"]),
            trace_command(row),
        )
        for row in result["slowest"][:most]
    ]
    head = ("REQUEST", "AT", "LATENCY", "STATUS", "LOOK AT IT")
    return Table("Slowest requests", head, rows, frozenset({"AT", "LATENCY", "STATUS"}))


def trace_command(row: Mapping[str, Any]) -> str:
    """Return what to type to see the log lines of a request, `-` if its trace is not known."""
    return f"wattos logs --trace {row['trace_id']}" if row["trace_id"] else "-"


def _times(times: Mapping[str, float | None]) -> list[str]:
    values = [times[key] for key in _QUANTILES]
    return ["-" if value is None else digits(value) for value in values]


def _compared(row: Mapping[str, Any]) -> Sequence[str]:
    unit = str(row["unit"])
    figures = [figure(row[key], unit) for key in ("baseline", "now")]
    told = [change(row[key]) for key in ("ratio", "low", "high")]
    if unit == "share":  # shares differ by points; a ratio to a share of 0 says nothing
        known = row["baseline"] is not None and row["now"] is not None
        told = [points(row["now"] - row["baseline"] if known else None)]
        told += [points(row[key]) for key in ("low", "high")]
    between = "-" if row["low"] is None else f"{told[1]} to {told[2]}"
    return (str(row["metric"]), *figures, told[0], between, str(row["verdict"]).replace("_", " "))


def statuses(result: Mapping[str, Any]) -> Table:
    """Return how each request name was answered; 0 stands for no answer at all."""
    rows = [
        (
            str(row["name"]),
            ", ".join(f"{status}: {count:,}" for status, count in sorted(row["statuses"].items()) if count),
        )
        for row in result["by_name"]
    ]
    return Table("Statuses", ("REQUEST", "STATUSES"), rows)


def errors(result: Mapping[str, Any]) -> Table:
    """Return the errors, the most frequent first."""
    rows = [(str(row["error"]), f"{row['count']:,}") for row in result["errors"]]
    return Table("Errors", ("ERROR", "COUNT"), rows, frozenset({"COUNT"}))


def breakers(result: Mapping[str, Any]) -> Table:
    """Return the breakers' changes of state in the order of time."""
    rows = [
        (
            f"{row['at_s']:.1f} s",
            f"{row['service']}-{row['replica']}",
            *(str(row[key]) for key in ("name", "from", "to", "cause")),
        )
        for row in sorted(result["breakers"], key=lambda row: float(row["at_s"]))
    ]
    return Table("Breakers", ("AT", "REPLICA", "BREAKER", "FROM", "TO", "CAUSE"), rows)
