"""The rows of `ps` and `up` as scripts and people read them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from wattos_cli.render import columns
from wattos_cli.supervisor import process_table

Row = Mapping[str, Any]
_SCREEN_COLUMNS = 80


def public(row: Row, now: float) -> dict[str, Any]:
    """Return the fields of `row` that the published schema promises; `now` is wall-clock time in seconds."""
    pid = row.get("pid")
    running = bool(pid)
    return {
        "name": row["name"],
        "replica": row["replica"],
        "kind": row.get("kind"),
        "state": row["state"],
        "pid": pid,
        "port": row.get("port"),
        "url": row.get("url"),
        "restarts": row.get("restarts", 0),
        "uptime_s": round(max(0.0, now - float(row["started_at"])), 1) if running else None,
        "ready_ms": row.get("ready_ms"),
        "cpu_percent": _cpu_percent(row, now) if running else None,
        "pss_bytes": process_table.pss_bytes(int(pid)) if pid else None,
        "reason": row.get("reason") or None,
        "log_file": row.get("log_file"),
    }


def instance(row: Row) -> str:
    """Return the name people call a replica by: `chat`, or `chat-1` beyond the first."""
    return f"{row['name']}-{row['replica']}" if row["replica"] else str(row["name"])


def ps_table(rows: Sequence[Row]) -> str:
    """Return the table of `wattos ps`; `rows` are public ones.

    80 columns hold whatever bundled services and components show. Where they are too few, the gaps shrink
    first, then addresses of this machine go without their scheme.
    """
    table = ""
    for gap, address in (("  ", _whole), (" ", _whole), (" ", _without_scheme)):
        table = _ps_table(rows, gap, address)
        if max(map(len, table.splitlines())) <= _SCREEN_COLUMNS:
            break
    return table


def _whole(url: str) -> str:
    return url


def _without_scheme(url: str) -> str:
    _, separator, rest = url.partition("://")
    return rest if separator and rest.startswith("127.0.0.1:") else url


def _ps_table(rows: Sequence[Row], gap: str, address: Callable[[str], str]) -> str:
    headings = ("SERVICE", "STATE", "PID", "UPTIME", "RESTARTS", "CPU", "PSS", "URL")
    cells = [
        (
            instance(row),
            str(row["state"]),
            str(row["pid"] or "-"),
            "-" if row["uptime_s"] is None else columns.duration(row["uptime_s"]),
            str(row["restarts"]),
            "-" if row["cpu_percent"] is None else f"{row['cpu_percent']:.1f}%",
            columns.mebibytes(row["pss_bytes"]),
            address(row["url"] or "-"),
        )
        for row in rows
    ]
    right = frozenset({"PID", "UPTIME", "RESTARTS", "CPU", "PSS"})
    return columns.table(headings, cells, right=right, gap=gap)


def up_table(rows: Iterable[Row]) -> str:
    """Return the table of `wattos up`; `rows` are public ones."""
    cells = [
        (
            instance(row),
            str(row["state"]),
            row["url"] or "-",
            str(row["pid"] or "-"),
            columns.milliseconds(row["ready_ms"]),
        )
        for row in rows
    ]
    headings = ("SERVICE", "STATE", "URL", "PID", "READY IN")
    return columns.table(headings, cells, right=frozenset({"PID", "READY IN"}))


def _cpu_percent(row: Row, now: float) -> float | None:
    """Return the use over the supervisor's last interval, else over the life of the process."""
    if row.get("cpu_percent") is not None:
        return float(row["cpu_percent"])
    process = process_table.read(int(row["pid"]))
    lived_s = now - float(row["started_at"])
    if process is None or lived_s <= 0:
        return None
    return round(100 * process.cpu_ticks / process_table.TICKS_PER_S / lived_s, 1)
