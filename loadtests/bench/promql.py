"""What a range query costs: `python -m loadtests.bench.promql [ROUNDS]`; needs prometheus and promtool.

100 counters scraped every 5 s; a query over 240 steps of 15 s, whose windows of 5 min hold 60 samples. Our
engine, in memory and in this process, beside a real Prometheus that has the same samples on disk and answers
over HTTP, in turn. Prints the median and the best of each in milliseconds; the best of the rate is held to
the bar, since a shared machine only ever adds. Exit code 1 when it is missed.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from loadtests.bench.processes import connects, free_port, running, stop_cleanly_on_sigterm
from wattos_cli.metricstore.promql.engine import Engine
from wattos_cli.metricstore.series import NAME, Matcher, Series

ROUNDS = 20
SERIES, STEPS, STEP_S, SCRAPE_S, RANGE_S = 100, 240, 15, 5, 300
START_S = 1_700_000_003
BAR_MS = 150.0
RATE = "rate(requests_total[5m])"
QUERIES = (RATE, f"sum by (job) ({RATE})", "avg_over_time(requests_total[5m])", "requests_total")


@dataclass(frozen=True)
class Samples:
    """Implements `Source`: the counters, all selected by anything."""

    series: Sequence[Series]

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Sequence[Series]:
        """See `Source`."""
        return self.series if matchers and end_ms > start_ms else ()


def samples() -> Samples:
    """Return the counters, each with a rate and falls of its own."""
    times = range((START_S - RANGE_S) * 1000, (START_S + STEPS * STEP_S) * 1000, SCRAPE_S * 1000)
    return Samples(
        [
            Series(
                ((NAME, "requests_total"), ("instance", f"{number:03}"), ("job", f"job-{number % 5}")),
                list(times),
                [float(number * (place % 500)) for place in range(len(times))],
            )
            for number in range(SERIES)
        ]
    )


def blocks(folder: Path, source: Samples) -> Path:
    """Write the samples as Prometheus keeps them; return the folder."""
    lines = ["# TYPE requests counter"]
    for series in source.series:
        labels = ",".join(f'{name}="{value}"' for name, value in series.labels if name != NAME)
        lines += [
            f"requests_total{{{labels}}} {value} {at / 1000:.3f}"
            for at, value in zip(series.times_ms, series.values, strict=True)
        ]
    text, data = folder / "samples.om", folder / "data"
    text.write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    return data


def ms_of(query: Callable[[str], object], expression: str) -> float:
    """Return how long one query takes, in milliseconds."""
    begin = time.perf_counter()
    query(expression)
    return (time.perf_counter() - begin) * 1000


def ours(source: Samples) -> Callable[[str], object]:
    """Return what asks our engine."""
    engine = Engine(source)
    end_ms = (START_S + (STEPS - 1) * STEP_S) * 1000
    return lambda expression: engine.range(expression, START_S * 1000, end_ms, STEP_S * 1000)


def theirs(port: int) -> Callable[[str], object]:
    """Return what asks Prometheus."""
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
    span = {"start": START_S, "end": START_S + (STEPS - 1) * STEP_S, "step": STEP_S}
    return lambda expression: client.get(
        "/api/v1/query_range", params={"query": expression, **span}
    ).raise_for_status()


def main(rounds: int) -> int:
    """Measure, print, and return the exit code."""
    stop_cleanly_on_sigterm()
    source, port = samples(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        argv = [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={blocks(folder, source)}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with running(argv, lambda: connects(port), log=folder / "log"):
            askers = {"ours": ours(source), "prometheus": theirs(port)}
            best = {expression: report(expression, askers, rounds) for expression in QUERIES}
    missed = best[RATE] > BAR_MS
    print(f"{RATE}: {best[RATE]:.0f} ms, bar {BAR_MS:.0f} ms: {'MISSED' if missed else 'ok'}")
    return int(missed)


def report(expression: str, askers: dict[str, Callable[[str], object]], rounds: int) -> float:
    """Measure one expression in turn, print the figures of each, and return our best."""
    measured: dict[str, list[float]] = {name: [] for name in askers}
    for _ in range(rounds):
        for name, ask in askers.items():
            measured[name].append(ms_of(ask, expression))
    for name, values in measured.items():
        print(f"{expression:40} {name:11} {statistics.median(values):7.1f} {min(values):7.1f} ms")
    return min(measured["ours"])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
