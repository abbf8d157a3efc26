"""Fetches every target's metrics in its own rhythm and hands them to the recorder's thread."""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from wattos_cli.supervisor import journal, probe
from wattos_cli.supervisor.addresses import Address
from wattos_cli.supervisor.probe import Answer, ProbeError
from wattos_cli.supervisor.scrape.recorder import Fetched, Outcome, Recorder, TargetState
from wattos_cli.supervisor.scrape.settings import ScrapeSettings
from wattos_cli.supervisor.scrape.targets import Target, targets

_LONGEST_PAUSE_S = 1.0  # until a target that has just come is seen

Fetch = Callable[[Address, str, float], Awaitable[Answer]]
Rows = Callable[[], Iterable[Mapping[str, Any]]]
_T = TypeVar("_T")


class ScraperClosedError(Exception):
    """The scraper was closed before what was asked for was done."""


@dataclass(slots=True)
class _Watched:
    target: Target
    due_s: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: "asyncio.Task[Outcome] | None" = None
    fetched: Fetched | None = None
    outcome: Outcome | None = None


class Scraper:
    """Scrapes the replicas of `rows`. All methods run on the supervisor's loop."""

    def __init__(
        self,
        rows: Rows,
        folder: Path,
        settings: ScrapeSettings,
        *,
        fetch: Fetch = probe.get,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._rows = rows
        self._folder = folder
        self._fetch = fetch
        self._clock = clock
        self._monotonic = monotonic
        self._watched: dict[str, _Watched] = {}
        self._thread = ThreadPoolExecutor(1, "metrics")
        self._opening = asyncio.Lock()
        self._recorder: Recorder | None = None
        self._asked: set[asyncio.Task[list[Outcome]]] = set()
        self._closed = asyncio.Event()

    async def run(self) -> None:
        """Scrape until cancelled; a folder that cannot be written is told, and tried again."""
        told = ""
        while True:
            try:
                await self._opened()
                await self._adopt()
            except OSError as error:
                message = f"cannot keep metrics in {self._folder}: {error.strerror}"
                if message != told:
                    journal.write("metrics.failed", message, level="error")
                told = message
                await asyncio.sleep(self.settings.interval_s)
                continue
            told = ""
            await asyncio.sleep(min(_LONGEST_PAUSE_S, max(0.0, self._begun() - self._monotonic())))

    async def scrape_now(self) -> list[Outcome]:
        """Scrape every target at once, out of its rhythm.

        Raises OSError when the store cannot be opened, ScraperClosedError when it is closed meanwhile.
        """
        if self._closed.is_set():
            raise ScraperClosedError
        task = asyncio.create_task(self._scraped())
        self._asked.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if self._closed.is_set() and task.cancelled():
                raise ScraperClosedError from None
            raise
        finally:
            task.cancel()
            self._asked.discard(task)

    def states(self) -> list[TargetState]:
        """Return what is known of every target."""
        return [TargetState(each.target, each.fetched, each.outcome) for each in self._watched.values()]

    async def close(self) -> None:
        """End all series and give the thread back; what cannot be written any more is lost.

        Nothing that is being scraped is waited for.
        """
        self._closed.set()
        begun = [watched.task for watched in self._watched.values() if watched.task is not None]
        tasks: list[asyncio.Task[Any]] = [*begun, *self._asked]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            try:
                await self._in_thread(recorder.close, self._now_ms())
            except OSError as error:
                journal.write("metrics.failed", f"cannot end the series: {error.strerror}", level="error")
        self._thread.shutdown(wait=False)

    async def _scraped(self) -> list[Outcome]:
        await self._opened()
        await self._adopt()
        return list(await asyncio.gather(*map(self._scrape, self._watched.values())))

    async def _opened(self) -> Recorder:
        async with self._opening:
            if self._recorder is None:
                self._recorder = await self._in_thread(
                    Recorder, self._folder, self.settings, self._now_ms(), journal.write
                )
            return self._recorder

    async def _adopt(self) -> None:
        """Follow what runs: new targets are due now, the series of those that are gone end."""
        found = {target.instance: target for target in targets(self._rows(), self._watched)}
        for instance in self._watched.keys() - found.keys():
            watched = self._watched.pop(instance, None)
            if watched is None:
                continue  # somebody else saw it go
            async with watched.lock:
                recorder = await self._opened()
                await self._in_thread(recorder.end, watched.target, self._now_ms())
        for instance, target in found.items():
            if instance in self._watched:
                self._watched[instance].target = target
            else:
                self._watched[instance] = _Watched(target, self._monotonic())

    def _begun(self) -> float:
        """Begin the scrapes that are due; return when the next one is."""
        now_s = self._monotonic()
        for watched in self._watched.values():
            if watched.due_s <= now_s:
                watched.due_s = _next_s(watched.target.instance, now_s, self.settings.interval_s)
                if watched.task is None or watched.task.done():
                    watched.task = asyncio.create_task(self._scrape(watched))
        return min((watched.due_s for watched in self._watched.values()), default=now_s + _LONGEST_PAUSE_S)

    async def _scrape(self, watched: _Watched) -> Outcome:
        async with watched.lock:
            recorder = await self._opened()
            fetched = await self._fetched(watched.target)
            outcome = await self._in_thread(recorder.record, watched.target, fetched)
            watched.fetched, watched.outcome = replace(fetched, body=b""), outcome
            return outcome

    async def _fetched(self, target: Target) -> Fetched:
        time_ms, began_s = self._now_ms(), self._monotonic()
        body, reason = b"", ""
        try:
            answer = await self._fetch(target.address, target.path, self.settings.timeout_s)
        except ProbeError as error:
            reason = str(error)
        else:
            if answer.status == HTTPStatus.OK:
                body = answer.body
            else:
                reason = f"HTTP {answer.status}"
        return Fetched(time_ms, self._monotonic() - began_s, body, reason)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    async def _in_thread(self, work: Callable[..., _T], *arguments: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _next_s(instance: str, now_s: float, interval_s: float) -> float:
    """Return when a target is due next: at its own place within each interval, so not all at once."""
    phase_s = zlib.crc32(instance.encode()) / 2**32 * interval_s
    soonest_s = now_s + interval_s / 2
    return soonest_s + (phase_s - soonest_s) % interval_s
