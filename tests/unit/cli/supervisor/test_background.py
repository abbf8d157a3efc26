"""What the supervisor does on the side outlives what breaks it off, and says what that was."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.fakes.kernel.clock import FakeClock
from wattos_cli.supervisor.background import PAUSE_S, restarting, tell_unhandled
from wattos_cli.supervisor.scrape.scraping import Scraping
from wattos_cli.supervisor.scrape.settings import ScrapeSettings

SOON_S = 60.0


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


async def test_what_breaks_off_is_told_and_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    runs, clock, begun = [ValueError("no"), KeyError("x")], FakeClock(), asyncio.Event()

    async def work() -> None:
        if runs:
            raise runs.pop(0)
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(restarting(work, "some-work", sleep=clock.sleep))
    async with asyncio.timeout(SOON_S):
        await begun.wait()
    task.cancel()
    await asyncio.wait({task})
    assert clock.sleeps == [PAUSE_S, PAUSE_S]
    records = told(capsys)
    assert [(each["level"], each["event"], each["work"]) for each in records] == [
        ("error", "background_work.failed", "some-work")
    ] * 2
    assert ["ValueError('no')" in str(records[0]["message"]), "KeyError" in str(records[1]["message"])] == [
        True,
        True,
    ]
    assert "raise runs.pop(0)" in str(records[0]["traceback"])


async def test_what_it_waits_for_is_cancelled_and_it_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    clock, begun = FakeClock(), asyncio.Event()
    others: list[asyncio.Future[None]] = []

    async def work() -> None:
        if others:
            begun.set()
            await asyncio.Event().wait()
        others.append(asyncio.get_running_loop().create_future())
        others[0].cancel()
        await others[0]

    task = asyncio.create_task(restarting(work, "some-work", sleep=clock.sleep))
    async with asyncio.timeout(SOON_S):
        await begun.wait()
    task.cancel()
    await asyncio.wait({task})
    assert clock.sleeps == [PAUSE_S]
    assert [each["message"] for each in told(capsys)] == [
        "the background work some-work broke off and begins anew: CancelledError()"
    ]


async def test_a_normal_end_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(restarting(work, "some-work"))
    await begun.wait()
    task.cancel()
    await asyncio.wait({task})
    assert (task.cancelled(), told(capsys)) == (True, [])


async def test_work_that_answers_its_end_with_an_error_has_ended_and_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun, clock = asyncio.Event(), FakeClock()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("cannot give back")

    task = asyncio.create_task(restarting(work, "some-work", sleep=clock.sleep))
    await begun.wait()
    task.cancel()
    async with asyncio.timeout(SOON_S):
        await task
    assert clock.sleeps == []
    assert [each["message"] for each in told(capsys)] == [
        "the background work some-work failed at its end: OSError('cannot give back')"
    ]


async def test_a_scraper_that_breaks_off_is_told_and_scrapes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    again = asyncio.Event()

    def rows() -> list[dict[str, object]]:
        asked.append("rows")
        if len(asked) == 1:
            raise KeyError("name")
        again.set()
        return []

    scraping = Scraping(rows, tmp_path / "metrics", sleep=FakeClock().sleep)
    scraping.obey(ScrapeSettings().to_json())
    async with asyncio.timeout(SOON_S):
        await again.wait()
        await scraping.close()
    assert [(each["event"], each["work"]) for each in told(capsys)] == [
        ("background_work.failed", "scraping")
    ]


async def test_what_nobody_waited_for_is_one_record(capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError("no\nwhere")
    loop = asyncio.get_running_loop()
    tell_unhandled(loop, {"message": "Task exception was never retrieved", "exception": error})
    tell_unhandled(loop, {"message": "Task was destroyed but it is pending!"})
    assert [each["message"] for each in told(capsys)] == [
        "Task exception was never retrieved: ValueError('no\\nwhere')",
        "Task was destroyed but it is pending!",
    ]
