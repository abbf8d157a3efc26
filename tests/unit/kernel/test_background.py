"""Work beside a block begins and ends with it; what breaks off is told and begins anew."""

import asyncio

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog
from wattos_platform.kernel.background import PAUSE_S, in_background, restarting

SOON_S = 60.0


async def test_it_runs_while_the_block_does_and_its_end_is_silent() -> None:
    told: list[str] = []
    begun, log = asyncio.Event(), FakeLog()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("ended")

    async with in_background(work, "some-work", log):
        await begun.wait()
        assert "some-work" in {task.get_name() for task in asyncio.all_tasks()}
        told.append("block")
    assert told == ["block", "ended"]
    assert log.events == []


async def test_what_breaks_it_off_is_told_and_it_begins_anew_after_a_pause() -> None:
    runs, clock, log = [ValueError("no"), KeyError()], FakeClock(), FakeLog()
    begun = asyncio.Event()

    async def work() -> None:
        if runs:
            raise runs.pop(0)
        begun.set()
        await asyncio.Event().wait()

    async with in_background(work, "some-work", log, sleep=clock.sleep):
        await begun.wait()
    assert clock.sleeps == [PAUSE_S, PAUSE_S]
    assert [(level, event, fields["work"]) for level, event, fields in log.events] == [
        ("error", "background_work.failed", "some-work")
    ] * 2
    assert [type(fields["exc_info"]) for _, _, fields in log.events] == [ValueError, KeyError]
    assert [fields["message"] for _, _, fields in log.events] == [
        "The background work some-work broke off and begins anew: no",
        "The background work some-work broke off and begins anew: KeyError",
    ]


async def test_what_it_waits_for_is_cancelled_and_it_begins_anew() -> None:
    begun, clock, log = asyncio.Event(), FakeClock(), FakeLog()
    others: list[asyncio.Future[None]] = []

    async def work() -> None:
        if others:
            begun.set()
            await asyncio.Event().wait()
        others.append(asyncio.get_running_loop().create_future())
        others[0].cancel()
        await others[0]

    async with asyncio.timeout(SOON_S), in_background(work, "some-work", log, sleep=clock.sleep):
        await begun.wait()
    assert clock.sleeps == [PAUSE_S]
    assert [fields["message"] for _, _, fields in log.events] == [
        "The background work some-work broke off and begins anew: CancelledError"
    ]


async def test_work_that_ends_by_itself_is_over() -> None:
    runs: list[str] = []
    clock, log = FakeClock(), FakeLog()

    async def work() -> None:
        runs.append("run")

    await restarting(work, "some-work", log, sleep=clock.sleep)
    assert (runs, clock.sleeps, log.events) == (["run"], [], [])


async def test_work_that_answers_its_end_with_an_error_has_ended_and_is_told() -> None:
    begun, clock, log = asyncio.Event(), FakeClock(), FakeLog()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("cannot give back")

    async with in_background(work, "some-work", log, sleep=clock.sleep):
        await begun.wait()
    assert clock.sleeps == []
    assert [fields["message"] for _, _, fields in log.events] == [
        "The background work some-work failed at its end: cannot give back"
    ]


async def test_it_ends_when_the_block_fails() -> None:
    begun, log = asyncio.Event(), FakeLog()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    async def block() -> None:
        async with in_background(work, "some-work", log):
            await begun.wait()
            raise KeyError

    with pytest.raises(KeyError):
        await block()
    assert "some-work" not in {task.get_name() for task in asyncio.all_tasks()}
    assert log.events == []
