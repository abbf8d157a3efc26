"""An upstream as a queueing model in simulated time: load that no machine has to bear."""

import heapq
import math
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from wattos_platform.kernel.resilience.concurrency import ConcurrencyLimit, Permit
from wattos_platform.kernel.resilience.gradient import GradientSettings

Service = Callable[[Random, float], float]
MEAN_S = 0.05


def lognormal(mean_s: float = MEAN_S, sigma: float = 0.5) -> Service:
    """Return service times of that mean; sigma 0 is constant, 1 has a long tail."""
    mu = math.log(mean_s) - sigma * sigma / 2
    return lambda rng, _at: rng.lognormvariate(mu, sigma) if sigma else mean_s


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Upstream:
    """`servers` work off one queue; calls come at random, through one limit or through those of replicas.

    `run(seconds, rate)` goes on from where it is; `rate(at)` gives calls per second at `at` seconds of the
    simulation. `latencies` holds (when answered, how long it took), `limits_seen` the sum of the limits, each
    tenth of a second.
    """

    def __init__(
        self,
        *,
        servers: int = 20,
        service: Service | None = None,
        settings: GradientSettings | None = None,
        replicas: int = 1,
        epochs: Sequence[float] = (),
        seed: int = 1,
    ) -> None:
        self.now = 1000.0
        self.servers = servers
        self.service = service or lognormal()
        self.rng = Random(seed)
        self.limits = [
            ConcurrencyLimit(
                "simulated",
                settings or GradientSettings(),
                lambda: self.now,
                epoch=epochs[number] if epochs else 0.0,
            )
            for number in range(replicas)
        ]
        self.latencies: list[tuple[float, float]] = []
        self.limits_seen: list[tuple[float, int]] = []
        self.shed: list[float] = []
        self._busy = 0
        self._queue: deque[tuple[Permit, float]] = deque()
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    @property
    def at(self) -> float:
        return self.now - 1000.0

    def run(self, seconds: float, rate: Callable[[float], float]) -> "Upstream":
        until = self.now + seconds
        self._plan(self.now, self._arrive, rate, until)
        self._plan(self.now, self._look, until)
        while self._events:
            self.now, _, work, arguments = heapq.heappop(self._events)
            work(*arguments)
        return self

    def answered(self, begin: float = 0.0, end: float = math.inf) -> list[float]:
        return [took for at, took in self.latencies if begin <= at < end]

    def shed_share(self, begin: float = 0.0, end: float = math.inf) -> float:
        shed = sum(1 for at in self.shed if begin <= at < end)
        return shed / max(1, shed + len(self.answered(begin, end)))

    def limits_in(self, begin: float = 0.0, end: float = math.inf) -> list[int]:
        return [limit for at, limit in self.limits_seen if begin <= at < end]

    def _plan(self, when: float, work: Callable[..., None], *arguments: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (when, self._count, work, arguments))

    def _look(self, until: float) -> None:
        self.limits_seen.append((self.at, sum(limit.limit for limit in self.limits)))
        if self.now + 0.1 < until:
            self._plan(self.now + 0.1, self._look, until)

    def _arrive(self, rate: Callable[[float], float], until: float) -> None:
        permit = self.rng.choice(self.limits).try_acquire()
        if permit is None:
            self.shed.append(self.at)
        elif self._busy < self.servers:
            self._serve(permit, self.now)
        else:
            self._queue.append((permit, self.now))
        then = self.now + self.rng.expovariate(rate(self.at))
        if then < until:
            self._plan(then, self._arrive, rate, until)

    def _serve(self, permit: Permit, came: float) -> None:
        self._busy += 1
        self._plan(self.now + self.service(self.rng, self.at), self._answer, permit, came)

    def _answer(self, permit: Permit, came: float) -> None:
        self._busy -= 1
        self.latencies.append((self.at, self.now - came))
        permit.answered()
        permit.end()
        if self._queue:
            self._serve(*self._queue.popleft())
