"""What the store of metrics costs: `python -m loadtests.bench.metricstore [HOURS]`.

One service's exposition under load, a thousand series of which two in five move at every scrape, is read,
kept and asked for again. Prints bytes a sample on disk, what a day of five services would take, and times.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from loadtests.bench.figures import Bar, Verdict
from wattos_cli.metricstore.exposition import Reader as Exposition
from wattos_cli.metricstore.exposition import Sample
from wattos_cli.metricstore.series import Matcher
from wattos_cli.metricstore.store.reader import Reader
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer

HOURS = 2.0
SERIES, MOVING, INTERVAL_MS = 1000, 0.4, 5000
LINES = 15_000
SERVICES, DAY_MS = 5, 24 * 60 * 60 * 1000
_MB = 1_000_000


def exposition(lines: int, rng: Random) -> bytes:
    """Return so many lines of histograms, as a service with many routes exposes them."""
    return "".join(
        f'http_request_duration_seconds_bucket{{method="GET",route="/v1/things/{line % 300}",status="200",'
        f'le="{line // 300}"}} {rng.randrange(10**6)}\n'
        for line in range(lines)
    ).encode()


def taken_ms(work: Callable[[], object]) -> float:
    """Return how long `work` takes, in milliseconds."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def moved(samples: list[Sample], rng: Random) -> list[Sample]:
    """Return the samples after an interval: counters that count, sums of seconds that grow."""
    return [
        (
            labels,
            value + (rng.randrange(50) if place % 3 else rng.random()) if rng.random() < MOVING else value,
        )
        for place, (labels, value) in enumerate(samples)
    ]


def filled(folder: Path, hours: float, rng: Random) -> tuple[int, list[float]]:
    """Keep `hours` of one service in `folder`; return the number of samples and how long each scrape took."""
    store = Writer(folder, Keep(), now_ms=0, interval_ms=INTERVAL_MS)
    reader = Exposition({"job": "chat", "instance": "chat-0"})
    samples = reader.read(exposition(SERIES, rng)).samples
    times = []
    for at_ms in range(INTERVAL_MS, int(hours * 3_600_000), INTERVAL_MS):
        samples = moved(samples, rng)
        times.append(taken_ms(partial(store.append, "chat-0", at_ms, samples)))
    return len(times) * SERIES, times


def selected(folder: Path, pattern: str, from_ms: int) -> Callable[[], object]:
    """Return a query of what is in `folder`, by a reader that has seen nothing before."""
    matchers = [Matcher("route", "=~", pattern)]
    return lambda: sum(len(series.values) for series in Reader(folder).select(matchers, from_ms, 2**62))


def main(argv: list[str]) -> int:
    """Measure and print; return 0 when every bar is reached."""
    hours = float(argv[0]) if argv else HOURS
    rng = Random(1)  # the same samples at every run
    body, reader = exposition(LINES, rng), Exposition({"job": "chat", "instance": "chat-0"})
    cold_ms, warm_ms = (taken_ms(lambda: reader.read(body)) for _ in range(2))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples, times = filled(folder, hours, rng)
        size = sum(path.stat().st_size for path in folder.rglob("*.*"))
        end_ms = int(hours * 3_600_000)
        hour_ms = taken_ms(selected(folder, "/v1/things/[0-9]", end_ms - 3_600_000))
        all_ms = taken_ms(selected(folder, "/v1/things/[0-9]", 0))
    day_mb = size / samples * SERVICES * SERIES * DAY_MS / INTERVAL_MS / _MB
    verdicts = [
        Verdict(f"read {LINES} lines for the first time", cold_ms, Bar(most=150), "ms"),
        Verdict("read them again", warm_ms, Bar(most=40), "ms"),
        Verdict("bytes a sample", size / samples, Bar(most=4)),
        Verdict(f"a day of {SERVICES} services with {SERIES} series each", day_mb, Bar(most=200), "MB"),
        Verdict("append a scrape, mean", sum(times) / len(times), Bar(most=5), "ms"),
        Verdict("append a scrape and seal, at most", max(times), Bar(most=500), "ms"),
        Verdict("select 30 series, the last hour", hour_ms, Bar(most=50), "ms"),
        Verdict(f"select 30 series, all {hours:g} hours", all_ms, Bar(most=25 * hours + 25), "ms"),
    ]
    print(*verdicts, sep="\n")
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
