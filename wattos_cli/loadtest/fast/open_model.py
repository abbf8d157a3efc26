"""The open model: tasks begin when they are due, whoever is still busy."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from random import Random

from wattos_cli.loadtest.fast.tasks import end_within
from wattos_cli.loadtest.fast.timer import Timer
from wattos_cli.loadtest.fast.user import VirtualUser
from wattos_cli.loadtest.journey import Journey
from wattos_cli.loadtest.measuring.collector import Collector
from wattos_cli.loadtest.plan import Arrivals, Plan
from wattos_cli.loadtest.planning.arrivals import LATE_S, READY_S, times

_MS = 1000.0
_PREPARING_AT_ONCE = 20
_LOOK_EVERY_S = 0.05


class OpenModel:
    """Implements Pacing.

    Each arrival is of one journey, drawn by weight, and begun by a free user of that one.
    """

    def __init__(
        self,
        plan: Plan,
        arrivals: Arrivals,
        weights: Mapping[type[Journey], int],
        enlist: Callable[[], VirtualUser],
        collector: Collector,
    ) -> None:
        self._plan = plan
        self._rng = Random(f"{plan.seed}/arrivals")  # noqa: S311 - dice
        self._due = times(arrivals, self._rng)
        self._queues = {journey: Queue(collector) for journey in weights}
        self._weights = list(weights.values())
        self._drawn = list(self._queues.values())
        self._working: set[asyncio.Task[None]] = set()
        self.users = [enlist() for _ in range(plan.users)]

    @property
    def present(self) -> int:
        """Return how many users there are."""
        return len(self._working)

    async def prepare(self, stopping: asyncio.Event) -> None:
        """Let all users prepare, some at a time, before the first arrival; those that cannot are left out."""
        gate = asyncio.Semaphore(_PREPARING_AT_ONCE)

        async def ready(user: VirtualUser) -> None:
            async with gate:
                if not await user.prepare():
                    return
            task = asyncio.create_task(self._queues[user.journey].work(user))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

        until_s = time.monotonic() + READY_S
        late = {asyncio.create_task(ready(user)) for user in self.users}
        while late and not stopping.is_set() and time.monotonic() < until_s:
            _, late = await asyncio.wait(late, timeout=_LOOK_EVERY_S)
        await end_within(late, 0.0)

    async def run(self, stopping: asyncio.Event) -> None:
        """Let everything begin when it is due, until the plan is over and nothing waits any more."""
        began_s = time.monotonic()
        schedule = Schedule(self._due, began_s, self._plan.duration_s, self._arrive)
        try:
            while not stopping.is_set() and (not schedule.over or self._waiting):
                await asyncio.sleep(_LOOK_EVERY_S)
                for queue in self._drawn:
                    queue.drop_late(time.monotonic())
        finally:
            schedule.close()

    async def finish(self, within_s: float) -> None:
        """Let every user end its task; those that take longer are cut off."""
        for queue in self._drawn:
            queue.close()
        await end_within(self._working, within_s)

    @property
    def _waiting(self) -> bool:
        return any(queue.waiting for queue in self._drawn)

    def _arrive(self, due_s: float) -> None:
        queue = self._drawn[0]
        if len(self._drawn) > 1:
            queue = self._rng.choices(self._drawn, self._weights)[0]
        queue.arrive(due_s)


class Schedule:
    """Calls `arrive` with each moment (monotonic) at which something is due, when it has come."""

    def __init__(
        self, due: Iterator[float], began_s: float, duration_s: float, arrive: Callable[[float], None]
    ) -> None:
        self.over = False
        self._due = due
        self._began_s = began_s
        self._duration_s = duration_s
        self._arrive = arrive
        self._timer = Timer(self._ring)
        self._next_s = self._following()
        self._ring()

    def close(self) -> None:
        """Call no more."""
        self._timer.close()

    def _ring(self) -> None:
        while not self.over and self._next_s <= time.monotonic():
            self._arrive(self._next_s)
            self._next_s = self._following()
        if not self.over:
            self._timer.set(self._next_s)

    def _following(self) -> float:
        offset_s = next(self._due, None)
        if offset_s is None or offset_s >= self._duration_s:
            self.over = True
            return 0.0
        return self._began_s + offset_s


class Queue:
    """The users of one journey that are free, or else what is due and waits for one of them."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._free: list[asyncio.Future[float | None]] = []
        self._closed = False
        self.waiting: deque[float] = deque()  # what waits longer than LATE_S is dropped: that is its cap

    def arrive(self, due_s: float) -> None:
        """Give what is due to a free user, the one that was busy last: its connection is still there."""
        if self._free:
            self._collector.current.due += 1
            self._free.pop().set_result(due_s)
        else:
            self.waiting.append(due_s)

    def drop_late(self, now_s: float) -> None:
        """Drop and count what nobody began in time."""
        while self.waiting and self.waiting[0] < now_s - LATE_S:
            self.waiting.popleft()
            self._collector.current.due += 1
            self._collector.current.dropped += 1

    def close(self) -> None:
        """Let the users go; what still waits is not begun any more."""
        self._closed = True
        self.waiting.clear()
        for waiter in self._free:
            waiter.set_result(None)
        self._free.clear()

    async def work(self, user: VirtualUser) -> None:
        """Begin what is due, one after the other, until the queue is closed."""
        while (due_s := await self._next()) is not None:
            user.client.owed_s = max(time.monotonic() - due_s, 0.0)
            await user.iterate()
            user.client.owed_s = 0.0
            await asyncio.sleep(0)  # a task that waits for nothing must not keep the loop

    async def _next(self) -> float | None:
        """Return when the next iteration was due, once it is; None when the queue is closed."""
        self.drop_late(time.monotonic())
        if self._closed:
            return None
        if self.waiting:
            self._collector.current.due += 1
            return self.waiting.popleft()
        waiter: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        self._free.append(waiter)
        due_s = await waiter
        if due_s is not None:
            self._collector.current.lateness.add(max(time.monotonic() - due_s, 0.0) * _MS)
        return due_s
