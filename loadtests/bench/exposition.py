"""How long a scrape keeps the loop waiting: `python -m loadtests.bench.exposition [LINES] [SECONDS]`.

A timer of 1 ms runs in a loop whose metrics are scraped ten times a second, plain and gzipped in turn, then
for as long in one that nobody scrapes: what the machine itself delays. Prints how late the timer was at worst
during scrapes, and how much of that this process itself was at work: the rest is the machine's, which others
use too. Then what a scrape takes from start to end, and of that the processor's time.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from loadtests.bench.figures import Bar, Verdict, percentile
from wattos_platform.contracts.metrics import families_of
from wattos_platform.kernel.metrics import Metrics

LINES, SECONDS = 15_000, 20.0
BAR_MS = 10.0
_TIMER_S = 0.001
_EVERY_S = 0.1
_MS = 1000.0
_LINES_OF_A_ROUTE = 15


@dataclass
class Lateness:
    """By how much a timer was late, in milliseconds, and how long of that this process was at work."""

    seen_ms: list[float] = field(default_factory=list)
    own_ms: list[float] = field(default_factory=list)

    async def watch(self, seconds: float) -> None:
        """Let a timer of 1 ms run for `seconds`."""
        end = time.perf_counter() + seconds
        while (begin := time.perf_counter()) < end:
            cpu = time.process_time()
            await asyncio.sleep(_TIMER_S)
            late_ms = (time.perf_counter() - begin - _TIMER_S) * _MS
            self.seen_ms.append(late_ms)
            self.own_ms.append(min(late_ms, (time.process_time() - cpu) * _MS))

    def told(self) -> str:
        """Return the figures in words."""
        seen = sorted(self.seen_ms)
        return f"p50 {percentile(seen, 0.5):.2f} ms, p99 {percentile(seen, 0.99):.2f}, worst {seen[-1]:.2f}"


@dataclass
class Scrapes:
    """What scrapes took, in milliseconds: by the clock, and of the processor."""

    took_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    size_bytes: int = 0

    async def scrape(self, metrics: Metrics, seconds: float) -> None:
        """Scrape again and again for `seconds`."""
        end, compressed = time.perf_counter() + seconds, False
        while (begin := time.perf_counter()) < end:
            cpu = time.process_time()
            body = await metrics.exposition(compressed=compressed)
            self.took_ms.append((time.perf_counter() - begin) * _MS)
            self.cpu_ms.append((time.process_time() - cpu) * _MS)
            self.size_bytes = max(self.size_bytes, len(body))
            compressed = not compressed
            await asyncio.sleep(_EVERY_S)


def filled(lines: int) -> Metrics:
    """Return the metrics of a service with about `lines` lines of samples, most of them in histograms."""
    metrics = Metrics("gateway", families_of("gateway"))
    for number in range(lines // _LINES_OF_A_ROUTE + 1):
        labels = {"method": "GET", "route": f"/api/v1/things/{number}/{{id}}"}
        metrics.histogram("http_request_duration_seconds", **labels).observe(0.0123456)
        metrics.counter("http_requests_total", **labels, status="200", error_type="").inc(7)
    return metrics


async def _quietly(_seconds: float) -> None:
    """Scrape nothing."""


async def measure(seconds: float, work: Callable[[float], Awaitable[None]]) -> Lateness:
    """Return how late timers were while `work` ran."""
    lateness = Lateness()
    await asyncio.gather(lateness.watch(seconds), work(seconds))
    return lateness


async def run(lines: int, seconds: float) -> list[Verdict]:
    """Measure and return the figures."""
    metrics, scrapes = filled(lines), Scrapes()
    text = (await metrics.exposition()).decode()
    count = sum(1 for line in text.splitlines() if not line.startswith("#"))
    quiet = await measure(seconds, _quietly)
    busy = await measure(seconds, lambda wanted: scrapes.scrape(metrics, wanted))
    print(f"{count} lines, {len(text) / 1e6:.2f} MB; {len(scrapes.took_ms)} scrapes")
    for name, seen in (("nobody scrapes", quiet), ("during scrapes", busy)):
        print(f"timer late, {name}: {seen.told()}")
    return [
        Verdict("lines of samples", count, Bar(least=lines)),
        Verdict("a scrape takes, median", percentile(sorted(scrapes.took_ms), 0.5), Bar(), "ms"),
        Verdict("of it the processor's, median", percentile(sorted(scrapes.cpu_ms), 0.5), Bar(), "ms"),
        Verdict("a timer is late during scrapes, worst", max(busy.own_ms), Bar(most=BAR_MS), "ms"),
    ]


def main() -> int:
    """Print the figures; return 1 if one misses its bar."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS  # noqa: PLR2004 - the second argument
    verdicts = asyncio.run(run(lines, seconds))
    for verdict in verdicts:
        print(verdict)
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
