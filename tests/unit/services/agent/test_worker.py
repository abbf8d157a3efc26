"""The loop over runs outlives what breaks it off, and says what that was; runs that go on are given back."""

import asyncio

from tests.fakes.kernel.meter import FakeLog
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.services.agent.domain.records import Owner, Run
from wattos_platform.services.agent.ports import Claim
from wattos_platform.services.agent.worker import Worker

POLL_S = 0.001


class Work:
    """Gives what it was made of, an error by raising it; `empty` is set when nothing is left."""

    def __init__(self, *claims: Claim | Exception) -> None:
        self._claims = list(claims)
        self.empty = asyncio.Event()
        self.released: list[str] = []

    async def claim(self) -> Claim | None:
        if not self._claims:
            self.empty.set()
            return None
        claim = self._claims.pop(0)
        if isinstance(claim, Exception):
            raise claim
        return claim

    async def renew(self, claim: Claim) -> bool:
        return False

    async def release(self, claim: Claim) -> None:
        self.released.append(claim.run.id)


class Engine:
    """Executes runs, for ever if `endless`."""

    def __init__(self, *, endless: bool = False) -> None:
        self._endless = endless
        self.executed: list[str] = []

    async def execute(self, claim: Claim) -> None:
        self.executed.append(claim.run.id)
        if self._endless:
            await asyncio.Event().wait()


def claim(run_id: str) -> Claim:
    return Claim(Run(run_id, Owner("t", "u"), "it-support", "Printer?", None, 0.0, "request-1"), 1)


async def worked(engine: Engine, work: Work) -> FakeLog:
    """Let a worker go on until nothing is left, stop it, and return its log."""
    log = FakeLog()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(min(seconds, POLL_S))

    worker = Worker(engine, work, log, poll_s=POLL_S, sleep=sleep)
    async with asyncio.timeout(60), worker.running():
        await work.empty.wait()
    return log


async def test_a_store_that_fails_is_told_and_asked_again() -> None:
    engine = Engine()
    failures = [ValueError("not a run")] * 5
    log = await worked(engine, Work(claim("a"), *failures, claim("b")))
    assert engine.executed == ["a", "b"], "more failures than runs may go on at once keep no place"
    assert log.failures() == [("agent-worker", "not a run")] * 5


async def test_a_database_that_is_down_is_waited_for() -> None:
    engine = Engine()
    log = await worked(engine, Work(DatabaseUnavailableError("is locked"), claim("a")))
    assert engine.executed == ["a"]
    assert [(level, event) for level, event, _ in log.events] == [("warning", "run.claim.failed")]


async def test_a_normal_stop_is_silent_and_gives_runs_back() -> None:
    engine, work = Engine(endless=True), Work(claim("a"), claim("b"))
    log = await worked(engine, work)
    assert (engine.executed, log.events) == (["a", "b"], [])
    assert sorted(work.released) == ["a", "b"]
