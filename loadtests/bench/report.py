"""What the report of a large run costs: `python -m loadtests.bench.report [ROUNDS]`.

A result as ten minutes and a million requests of ten names leave it: 240 intervals, all quantiles, twenty
slowest requests, server metrics. `wattos loadtest report` makes every report of it, `compare` holds it
against another; each is a whole process, its time and its peak memory are the kernel's. The best of the
rounds is held to the bar, since a shared machine only ever adds. Exit code 1 when one is missed.
"""

import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from loadtests.bench import synthetic_runs as synthetic
from loadtests.bench.figures import Bar, Verdict
from loadtests.bench.synthetic_runs import Service

ROUNDS = 3
NAMES, INTERVALS, SECONDS, REQUESTS = 10, 240, 600, 1_000_000
_MB = 1_000_000
_QUIET = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]


def large(seed: int) -> dict[str, Any]:
    """Return the result of a million requests."""
    rng = np.random.default_rng(seed)
    rate = REQUESTS / SECONDS / NAMES
    services = {
        f"POST /api/v1/things/{{id}}/{number}": Service(20.0 * 1.6**number, 0.6, rate=rate)
        for number in range(NAMES)
    }
    span_s = SECONDS / INTERVALS
    intervals = [
        synthetic.interval(services, place * span_s, span_s, level, rng)
        for place, level in enumerate(synthetic.levels(Service(), INTERVALS, rng))
    ]
    series = [
        {
            "label": f"service-{number}",
            "points": [[float(at_s), 10 + number + math.sin(at_s / 30)] for at_s in range(0, SECONDS, 5)],
        }
        for number in range(8)
    ]
    return synthetic.result(
        intervals,
        server=[{"title": f"Metric {number}", "unit": "/s", "series": series} for number in range(9)],
        slowest=[
            {"name": name, "at_s": 1.0, "latency_ms": 5000.0, "trace_id": f"{place:032x}", "status": 200}
            for place, name in enumerate([*services, *services])
        ],
    )


def measured(argv: Sequence[str], cwd: Path) -> tuple[float, float]:
    """Run a process to its end; return seconds and peak MB."""
    began = time.perf_counter()
    child = os.posix_spawn(
        argv[0],
        list(argv),
        {**os.environ, "PWD": str(cwd)},
        file_actions=_QUIET,
    )
    _, status, usage = os.wait4(child, 0)
    took_s = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) not in {0, 1}:
        raise SystemExit(f"{' '.join(argv)} ended with status {status}")
    return took_s, usage.ru_maxrss * 1024 / _MB


def main(rounds: int) -> int:
    """Measure, print, and return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed, file in enumerate(("a.json", "b.json")):
            (folder / file).write_text(json.dumps(large(seed)), encoding="utf-8")
        size_mb = (folder / "a.json").stat().st_size / _MB
        wattos = (sys.executable, "-m", "wattos_cli", "-C", name, "loadtest")
        reports = ("--html", "r.html", "--markdown", "r.md", "--junit", "r.xml")
        commands = {
            "report, all forms": (*wattos, "report", "a.json", *reports),
            "compare": (*wattos, "compare", "a.json", "b.json"),
        }
        verdicts = []
        for told, argv in commands.items():
            found = [measured(argv, folder) for _ in range(rounds)]
            verdicts.append(Verdict(f"{told}: time", min(each[0] for each in found), Bar(most=5), "s"))
            verdicts.append(
                Verdict(f"{told}: peak memory", min(each[1] for each in found), Bar(most=300), "MB")
            )
        page_mb = (folder / "r.html").stat().st_size / _MB
    print(f"{REQUESTS:,} requests, {NAMES} names, {INTERVALS} intervals")
    print(f"{size_mb:.1f} MB of JSON, a page of {page_mb:.2f} MB")
    print(*verdicts, sep="\n")
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
