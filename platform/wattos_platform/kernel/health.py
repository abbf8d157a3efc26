"""Dependency checks in the background; an answer never waits for a dependency."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from wattos_platform.contracts.health import CheckResult, Status
from wattos_platform.kernel.background import restarting
from wattos_platform.kernel.telemetry import Log, NullLog

INTERVAL_S = 5.0
TIMEOUT_S = 1.0
FAILURES_TO_FAIL = 3
PASSES_TO_RECOVER = 2
FIRST_RETRY_S = 0.05
_MESSAGES = {
    "healthy": "All systems operational",
    "degraded": "Some non-critical dependencies are down",
    "unhealthy": "Critical dependencies are down",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One dependency. `ping` returns None or a note for people when it is up, and raises when it is down."""

    name: str
    ping: Callable[[], Awaitable[str | None]]
    critical: bool = False
    timeout_s: float = TIMEOUT_S


@dataclass(slots=True)
class _State:
    status: Literal["up", "down", "degraded"] = "down"
    told: bool = False
    known: bool = False
    failures: int = 0
    passes: int = 0
    took_ms: float = 0.0
    at: float = 0.0
    message: str | None = "not checked yet"


@dataclass(slots=True)
class HealthMonitor:
    """Runs every check on its own schedule and keeps the last result.

    Hysteresis: one failure warns (`degraded`), three fail, two passes recover; before the first pass a
    check is retried from 50 ms up to the interval, so that a start is not slowed by the schedule. `on_change`
    (name, status, message) is told the first result of a check, too.
    `info` is told in /health: active providers, retrieval mode. `refused` gives what circuit breakers refuse
    now, as checks that are never critical; one with the name of a check is told in its place.
    """

    log: Log = field(default_factory=NullLog)
    on_change: Callable[[str, str, str | None], None] = lambda _name, _status, _message: None
    interval_s: float = INTERVAL_S
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    info: dict[str, str] = field(default_factory=dict)
    refused: Callable[[], Mapping[str, CheckResult]] = dict
    draining: bool = False
    started: bool = False
    _checks: dict[str, Check] = field(default_factory=dict)
    _states: dict[str, _State] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def add(self, check: Check) -> None:
        """Register `check`; ValueError when its name is taken."""
        if check.name in self._checks:
            raise ValueError(f"the health check {check.name!r} is already registered")
        self._checks[check.name] = check
        self._states[check.name] = _State(at=self.monotonic())
        if self.started:
            self._tasks[check.name] = self._begin(check.name)

    def remove(self, name: str) -> None:
        """Forget the check called `name`; one that was never added is no error."""
        self._checks.pop(name, None)
        self._states.pop(name, None)
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()

    async def start(self) -> None:
        """Run every check once, all at the same time, then go on in the background."""
        await asyncio.gather(*(self.run_once(name) for name in self._checks))
        self._tasks = {name: self._begin(name) for name in self._checks}
        self.started = True

    async def stop(self) -> None:
        """End the background checks."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def run_once(self, name: str) -> None:
        """Run one check and record what it says."""
        check = self._checks[name]
        begin = self.monotonic()
        try:
            async with asyncio.timeout(check.timeout_s):
                note = await check.ping()
        except TimeoutError:
            self._record(name, ok=False, message=f"no answer within {check.timeout_s:g} s", begin=begin)
        except Exception as error:  # noqa: BLE001 - whatever a ping raises means: down
            self._record(name, ok=False, message=str(error) or type(error).__name__, begin=begin)
        else:
            self._record(name, ok=True, message=note, begin=begin)

    def ready(self) -> bool:
        """Return whether requests should be sent here: started, not draining, no critical check down."""
        return self.started and not self.draining and not any(check.critical for check in self._down())

    def status(self) -> Status:
        """Return the sum of all checks."""
        down = self._down()
        if any(check.critical for check in down):
            return "unhealthy"
        return "degraded" if down or self.refused() else "healthy"

    def message(self) -> str:
        """Return the status in words."""
        return "Draining before shutdown" if self.draining else _MESSAGES[self.status()]

    def results(self) -> dict[str, CheckResult]:
        """Return the last result of every check with its age, and what is refused."""
        now = self.monotonic()
        asked = {
            name: CheckResult(
                status=state.status,
                critical=self._checks[name].critical,
                response_time_ms=round(state.took_ms, 2),
                age_s=round(now - state.at, 3),
                message=state.message,
            )
            for name, state in self._states.items()
        }
        return {**asked, **self.refused()}

    def _down(self) -> list[Check]:
        return [self._checks[name] for name, state in self._states.items() if state.status == "down"]

    def _begin(self, name: str) -> asyncio.Task[None]:
        work = f"health:{name}"
        return asyncio.create_task(
            restarting(partial(self._loop, name), work, self.log, sleep=self.sleep), name=work
        )

    async def _loop(self, name: str) -> None:
        wait = FIRST_RETRY_S
        while True:
            if self._states[name].known:
                wait = self.interval_s
            await self.sleep(wait)
            wait = min(wait * 2, self.interval_s)
            await self.run_once(name)

    def _record(self, name: str, *, ok: bool, message: str | None, begin: float) -> None:
        state = self._states[name]
        before = state.status
        state.at = self.monotonic()
        state.took_ms = (state.at - begin) * 1000
        state.message = message
        if ok:
            state.passes, state.failures = state.passes + 1, 0
            if not state.known or state.status != "down" or state.passes >= PASSES_TO_RECOVER:
                state.status = "up"
            state.known = True
        else:
            state.failures, state.passes = state.failures + 1, 0
            if state.known and before != "down":
                state.status = "down" if state.failures >= FAILURES_TO_FAIL else "degraded"
        if state.status != before or not state.told:
            state.told = True
            self.on_change(name, state.status, message)


def health_document(monitor: HealthMonitor) -> dict[str, Any]:
    """Return the parts of the full health that the monitor knows, as JSON-able data."""
    return {
        "status": monitor.status(),
        "message": monitor.message(),
        "checks": {name: result.model_dump(exclude_none=True) for name, result in monitor.results().items()},
        "info": dict(monitor.info),
    }
