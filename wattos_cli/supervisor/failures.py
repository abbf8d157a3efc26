"""What a person needs to see of a service that did not start, or does not run: the reason, its last lines."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor.listing import instance
from wattos_cli.supervisor.watch import Watch
from wattos_platform import catalog

LINES = 20
_TAIL_BYTES = 64 * 1024

Row = Mapping[str, Any]


def last_lines(path: Path, since: int, count: int = LINES) -> list[str]:
    """Return the last `count` lines of `path`, none from before byte `since`, where this start began.

    Control characters other than tabs are shown as `?`: a log must not steer the terminal.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(since if since <= size else 0, size - _TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return []
    clean = ("".join(c if c.isprintable() or c == "\t" else "?" for c in line) for line in text.split("\n"))
    return [line for line in clean if line.strip()][-count:]


def told(watch: Watch, timeout_s: float) -> list[str]:
    """Return the lines that explain every service that is not ready, with the end of its log."""
    lines: list[str] = []
    for row in watch.failed():
        lines += _with_log(row, f"{instance(row)} failed: {row['reason']}")
    for row in watch.waiting_in_vain():
        blockers = ", ".join(watch.blockers(row["name"]))
        lines.append(f"{instance(row)} is {row['state']}: it needs {blockers}")
    for row in watch.pending():
        said = f": {row['reason']}" if row["reason"] else ""
        lines += _with_log(row, f"{instance(row)} was not ready within {timeout_s:g} s{said}")
    return lines


def error(watch: Watch, timeout_s: float) -> WattosError:
    """Return the error that ends `up` or `restart` when not every service became ready."""
    failed, late = watch.failed(), watch.pending()
    first = (failed or late or watch.waiting_in_vain())[0]
    reasons = [f"{instance(row)} {row['reason'] or 'failed'}" for row in failed]
    reasons += [f"{instance(row)} was not ready within {timeout_s:g} s" for row in late]
    codes = {int(row.get("exit_code", 1)) for row in failed}
    return WattosError(
        f"not every service became ready: {'; '.join(reasons) or instance(first)}",
        hint=f"the rest is left running. See: wattos logs {first['name']}",
        code="not_ready",
        exit_code=ExitCode.CONFIG if ExitCode.CONFIG in codes else ExitCode.NO,
        details={"services": [_detail(row) for row in [*failed, *watch.waiting_in_vain(), *late]]},
    )


def _detail(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"],
        "replica": row["replica"],
        "state": row["state"],
        "reason": row["reason"],
        "log_file": row["log_file"],
        "last_lines": last_lines(Path(row["log_file"]), int(row.get("log_start") or 0)),
    }


def _with_log(row: Row, headline: str) -> list[str]:
    lines: Sequence[str] = last_lines(Path(row["log_file"]), int(row.get("log_start") or 0))
    shown = [f"  | {line}" for line in lines] or ["  | (its log is empty)"]
    return [headline, *shown, f"  log: {row['log_file']}"]


def not_part(name: str, running: Collection[str]) -> WattosError:
    """Return the error (exit 1) for a service that is not one of those that are `running`."""
    hint = f"running are: {', '.join(running)}."
    if name in catalog.PORTS:
        hint = f"{hint} Start it with: wattos up {name}"
    else:
        hint = f"{hint} One of your own, new in wattos.toml, is started with: wattos up"
    return WattosError(
        f"{name} is not part of the running platform",
        hint=hint,
        code="unknown_service",
        exit_code=ExitCode.NO,
        details={"service": name},
    )
