"""A run of the fast engine, from the first user's preparation to the last one's clean-up."""

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import cycle
from typing import Protocol

from wattos_cli.loadtest.driving.stderr import write_line
from wattos_cli.loadtest.driving.steps import CLEAN_UP_S
from wattos_cli.loadtest.driving.travellers import Travellers
from wattos_cli.loadtest.fast.client import FastClient
from wattos_cli.loadtest.fast.closed_model import ClosedModel
from wattos_cli.loadtest.fast.connector import Connector
from wattos_cli.loadtest.fast.open_model import OpenModel
from wattos_cli.loadtest.fast.tasks import end_within
from wattos_cli.loadtest.fast.user import VirtualUser
from wattos_cli.loadtest.journey import Journey
from wattos_cli.loadtest.judging.saturation import reasons
from wattos_cli.loadtest.measuring.collector import Collector, Observed
from wattos_cli.loadtest.measuring.interval import INTERVAL_S
from wattos_cli.loadtest.measuring.journal import Journal
from wattos_cli.loadtest.measuring.measured import Ending, Measured
from wattos_cli.loadtest.measuring.processor import wanted_s
from wattos_cli.loadtest.plan import Plan

_CLEANING_AT_ONCE = 50


class Pacing(Protocol):
    """When users begin their tasks."""

    users: list[VirtualUser]

    @property
    def present(self) -> int:
        """Return how many users there are."""
        ...

    async def prepare(self, stopping: asyncio.Event) -> None:
        """Do what must be done before time counts."""
        ...

    async def run(self, stopping: asyncio.Event) -> None:
        """Let users work until the plan is over or it is time to stop."""
        ...

    async def finish(self, within_s: float) -> None:
        """Let users end what they do; cut off what takes longer."""
        ...


class Run:
    """One run: counts into the journal each second; users clean up whatever happens in between."""

    def __init__(
        self,
        plan: Plan,
        weights: Mapping[type[Journey], int],
        journal: Journal,
        connector: Connector | None = None,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._connector = connector or Connector(plan.host)
        self._travellers = Travellers(plan, {})
        self._order = in_turn(weights)
        self._collector = Collector(plan.objectives_ms, time.monotonic())
        self._early: list[Observed] | None = []
        self._measured = Measured()
        self._cpu_s = wanted_s()
        self._stopping = asyncio.Event()
        self._pacing: Pacing = (
            ClosedModel(plan, self._enlist)
            if plan.arrivals is None
            else OpenModel(plan, plan.arrivals, weights, self._enlist, self._collector)
        )

    async def whole(self) -> int:
        """Run until the plan is over, or SIGTERM or SIGINT comes; a second one ends it at once.

        Returns the exit code: 1 if the journal cannot be written, which ends the run too.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        watching = asyncio.create_task(self._connector.watch())
        watching.add_done_callback(lambda _watching: self._stopping.set())
        try:
            await self._pacing.prepare(self._stopping)
            return await self._counted()
        finally:
            await self._clean_up()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _counted(self) -> int:
        self._begin()
        counting = asyncio.create_task(self._count())
        counting.add_done_callback(lambda _counting: self._stopping.set())
        await self._pacing.run(self._stopping)
        await self._pacing.finish(self._plan.stop_s)
        counting.cancel()
        try:
            await counting
        except asyncio.CancelledError:
            pass
        except OSError as error:
            return _unwritten(error)
        try:
            self._end()
        except OSError as error:
            return _unwritten(error)
        return 0

    def _enlist(self) -> VirtualUser:
        traveller, token = self._travellers.enlist()
        return VirtualUser(next(self._order), FastClient(self._connector, token, self._record), traveller)

    def _record(self, seen: Observed) -> None:
        """Count a request; what failed before time counted is counted in the first interval."""
        if self._early is None:
            self._collector.record(seen)
        else:
            self._early.append(seen)

    def _begin(self) -> None:
        self._collector.began_s = time.monotonic()
        self._cpu_s = wanted_s()
        early, self._early = self._early or [], None
        for seen in early:
            self._collector.record(seen)

    def _stop(self, number: int) -> None:
        if self._stopping.is_set():
            raise SystemExit(128 + number)
        self._stopping.set()

    async def _count(self) -> None:
        due_s = self._collector.began_s
        while True:
            due_s += INTERVAL_S
            await asyncio.sleep(due_s - time.monotonic())
            self._take()

    def _take(self) -> None:
        cpu_s = wanted_s()
        taken = self._collector.take(time.monotonic(), self._pacing.present, cpu_s - self._cpu_s)
        self._cpu_s = cpu_s
        self._measured.add(taken)
        self._journal.interval(taken)

    def _end(self) -> None:
        self._take()
        duration_s = time.monotonic() - self._collector.began_s
        self._journal.end(Ending(duration_s, reasons(self._measured)))

    async def _clean_up(self) -> None:
        """Let all users clean up, some at a time, for a limited time."""
        gate = asyncio.Semaphore(_CLEANING_AT_ONCE)

        async def clean(user: VirtualUser) -> None:
            async with gate:
                await user.clean_up()

        cleaning = [asyncio.create_task(clean(user)) for user in self._pacing.users]
        late = await end_within(cleaning, CLEAN_UP_S)
        if late:
            write_line(f"{late} users had not cleaned up after {CLEAN_UP_S:g} s")


def _unwritten(error: OSError) -> int:
    write_line(f"cannot write the journal: {error}")
    return 1


def in_turn(weights: Mapping[type[Journey], int]) -> Iterator[type[Journey]]:
    """Return journeys in proportion to their weights, spread evenly (smooth weighted round robin)."""
    total, due, turn = sum(weights.values()), dict.fromkeys(weights, 0), []
    for _ in range(total):
        for journey, weight in weights.items():
            due[journey] += weight
        chosen = max(due, key=lambda journey: due[journey])
        due[chosen] -= total
        turn.append(chosen)
    return cycle(turn)
