"""What the kernel's guards add to a call: `taskset -c 1 python -m loadtests.bench.resilience [ROUNDS]`.

Each round makes 10 000 calls of each kind in turn; CPU time counts, less that of the quickest empty loop.
The median and the best round are printed in microseconds; the best is held to the bar, since a shared
machine only ever adds. Exit code 1 when a bar is missed.
"""

import statistics
import sys
import time
from collections.abc import Callable

from wattos_platform.kernel.metrics import Metrics
from wattos_platform.kernel.resilience.breaker import BreakerOpen, BreakerRegistry, BreakerSettings
from wattos_platform.kernel.resilience.limiter import Limit, Limiter

ROUNDS, CALLS = 100, 10_000
BARS_US = {"breaker, closed": 0.6, "breaker, refusal": 1.0, "limiter, memory": 0.5}


def loops() -> dict[str, Callable[[int], None]]:
    """Return what to measure, each over breakers and limiters as a service has them."""
    meter = Metrics("gateway")
    breakers = BreakerRegistry(BreakerSettings(), clock=time.monotonic, meter=meter)
    closed, tripped = breakers.declare("hop:rag"), breakers.declare("hop:chat")
    tripped.trip(reason="benchmark")
    limiter = Limiter(time.monotonic, meter=meter)
    limit = Limit("user", 1_000_000_000, 1.0)

    def through(calls: int) -> None:
        for _ in range(calls):
            closed.success(closed.allow())

    def refused(calls: int) -> None:
        for _ in range(calls):
            try:
                tripped.allow()
            except BreakerOpen:
                continue

    def decided(calls: int) -> None:
        for _ in range(calls):
            limiter.take("tenant-a:user-1", limit)

    return dict(zip(BARS_US, (through, refused, decided), strict=True))


def empty(calls: int) -> None:
    """Loop and do nothing."""
    for _ in range(calls):
        pass


def us_per_call(loop: Callable[[int], None]) -> float:
    """Return the CPU time of one call of `loop`, in microseconds."""
    begin = time.thread_time_ns()
    loop(CALLS)
    return (time.thread_time_ns() - begin) / CALLS / 1000


def main(rounds: int) -> int:
    """Measure, print, and return the exit code."""
    measured: dict[str, list[float]] = {name: [] for name in BARS_US}
    work = loops()
    nothing = min(us_per_call(empty) for _ in range(rounds))
    for _ in range(rounds):
        for name, loop in work.items():
            measured[name].append(us_per_call(loop) - nothing)
    print(f"{rounds} rounds of {CALLS} calls; us per call: median, best, bar")
    missed = 0
    for name, values in measured.items():
        best, bar = min(values), BARS_US[name]
        missed += best > bar
        verdict = "ok" if best <= bar else "MISSED"
        print(f"{name:17} {statistics.median(values):6.2f} {best:6.2f} {bar:5.1f}  {verdict}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
