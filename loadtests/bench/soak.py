"""Whether the model gateway's memory grows: `python -m loadtests.bench.soak [--minutes 10] [--streams 20]`.

Half of the requests per second that saturate it, and some streams all the while, with everything on as in
`loadtests.bench.llm_gateway`. PSS is read every 5 s; after the first minute a line is laid through it. Prints
its slope and how many requests failed. Exit code 1 when it grows by 1 % or more over the run, or any failed.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from loadtests.bench.figures import Bar, Verdict, slope
from loadtests.bench.llm_gateway.contenders import wattos
from loadtests.bench.llm_gateway.measures import (
    Entrant,
    entered,
    migrate,
    paced,
    saturated,
    streamed,
    upstreams,
)
from loadtests.bench.llm_gateway.wire import ANSWER, STREAM_S
from loadtests.bench.processes import stop_cleanly_on_sigterm

EVERY_S, WARM_UP_S = 5.0, 60.0
MOST_GROWTH = 0.01
_CONNECTIONS, _SATURATED_S = 32, 5
_LOG_BYTES = 64_000_000
_HOUR_S = 3600.0


@dataclass
class Samples:
    """PSS in MiB by time in seconds; what came within the warm-up is not counted."""

    warm_up_s: float = WARM_UP_S
    times: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)

    def add(self, at_s: float, size_mb: float) -> None:
        """Note one sample, `at_s` seconds after the beginning."""
        if at_s >= self.warm_up_s:
            self.times.append(at_s)
            self.sizes.append(size_mb)

    @property
    def mb_per_hour(self) -> float:
        """Return the slope."""
        return slope(self.times, self.sizes) * _HOUR_S

    @property
    def growth(self) -> float:
        """Return by which share of its mean the memory grew over the samples, along the line."""
        if not self.sizes:
            return float("nan")
        over_s = self.times[-1] - self.times[0]
        return slope(self.times, self.sizes) * over_s / statistics.fmean(self.sizes)


def watch(entrant: Entrant, log: Path, busy: Callable[[], bool], samples: Samples) -> None:
    """Sample while `busy`, and keep the access log from filling the disk as a supervisor would."""
    began = time.monotonic()
    while busy():
        at_s, size = time.monotonic() - began, entrant.pss_mb()
        samples.add(at_s, size)
        print(f"{at_s:6.0f} s {size:7.2f} MB", file=sys.stderr, flush=True)
        if log.stat().st_size > _LOG_BYTES:
            os.truncate(log, 0)
        time.sleep(EVERY_S)


def main(minutes: float, streams: int) -> int:
    """Measure, print, and return the exit code."""
    seconds = minutes * 60
    samples = Samples(min(WARM_UP_S, seconds / 2))
    with tempfile.TemporaryDirectory(prefix="wattos-soak-") as name, ExitStack() as stack:
        folder = Path(name)
        contender = wattos(folder, stack.enter_context(upstreams(folder, ANSWER)))
        migrate(contender)
        entrant = stack.enter_context(entered(contender, folder))
        per_s = saturated(entrant, folder, _CONNECTIONS, _SATURATED_S)[0] / 2
        print(f"{per_s:.0f} requests/s and {streams} streams for {minutes:g} minutes")
        with ThreadPoolExecutor() as pool:
            loads = [pool.submit(paced, contender.whole, per_s, seconds)]
            if streams:
                waves = ceil(seconds / STREAM_S)
                loads.append(pool.submit(streamed, contender.streamed, streams, waves))
            watch(
                entrant,
                folder / f"{contender.name}.log",
                lambda: not all(load.done() for load in loads),
                samples,
            )
            told = [load.result() for load in loads]
    failed, whole = sum(each.failed for each in told), sum(each.whole for each in told)
    print(f"{whole} answers, {failed} failed; PSS {samples.mb_per_hour:+.2f} MB/hour")
    for reason, count in sum((Counter(each.faults) for each in told), Counter()).items():
        print(f"failed: {count} {reason}")
    verdicts = [
        Verdict("growth over the run", samples.growth * 100, Bar(most=MOST_GROWTH * 100), "%"),
        Verdict("failed requests", failed, Bar(most=0)),
    ]
    for verdict in verdicts:
        print(verdict)
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    stop_cleanly_on_sigterm()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--streams", type=int, default=20)
    given = parser.parse_args()
    sys.exit(main(given.minutes, given.streams))
