"""The fast engine: which journeys it finds, when it begins them, and how it ends."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.loadtest.platform_server import PlatformServer
from wattos_cli.loadtest.fast import loading
from wattos_cli.loadtest.fast.connector import Connector
from wattos_cli.loadtest.fast.open_model import Queue
from wattos_cli.loadtest.fast.run import Run, in_turn
from wattos_cli.loadtest.fast.timer import Timer
from wattos_cli.loadtest.journey import Journey, task
from wattos_cli.loadtest.measuring.collector import Collector
from wattos_cli.loadtest.measuring.journal import Journal, Tail
from wattos_cli.loadtest.plan import Plan, Stage
from wattos_cli.loadtest.planning.arrivals import LATE_S

JOURNEY = """
from wattos_cli.loadtest.journey import Journey, task

class Look(Journey):
    @task(1)
    async def look(self): ...

class Stare(Look):
    pass
"""


class Look(Journey):
    @task(1)
    async def look(self) -> None:
        """Look."""


class Stare(Look):
    """Look for long."""


@pytest.fixture(autouse=True)
def _imports_as_before() -> Iterator[None]:
    names, path = ("locust", "gevent", "journeys"), list(sys.path)
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    yield
    sys.path[:] = path
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(before)


def found(path: Path, **wanted: int) -> dict[str, int]:
    return {journey.__name__: weight for journey, weight in loading.journeys(path, wanted).items()}


def test_journeys_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(JOURNEY)
    assert found(path) == {"Look": 1, "Stare": 1}
    assert found(path, Stare=3, Look=0) == {"Stare": 3, "Look": 1}


def test_journeys_beside_a_locustfile(tmp_path: Path) -> None:
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys" / "__init__.py").write_text(f"{JOURNEY}\nJOURNEYS = (Stare,)\n")
    (tmp_path / "locustfile.py").write_text("import locust\n")
    assert found(tmp_path / "locustfile.py") == {"Stare": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("from locust import HttpUser\n", "is written for Locust.*--engine locust"),
        ("import locust.contrib.fasthttp\n", "is written for Locust.*--engine locust"),
        ("import nothing_of_that_name\n", "nothing_of_that_name"),
        ("X = 1\n", "has no journeys.*--engine locust"),
        (JOURNEY, "there is no journey 'Lok'; there are: Look, Stare"),
    ],
    ids=["of Locust", "deep in Locust", "broken", "empty", "misspelt"],
)
def test_what_cannot_be_run_is_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(loading.LoadingError, match=says):
        found(path, Lok=1)


def test_users_take_turns_in_proportion_and_evenly() -> None:
    turn = list(islice(in_turn({Look: 3, Stare: 1}), 8))
    assert turn[:4] == turn[4:] == [Look, Look, Stare, Look]
    assert Counter(turn) == {Look: 6, Stare: 2}


async def test_the_timer_rings_when_it_is_set_to() -> None:
    rung: list[float] = []
    ringing = asyncio.Event()

    def ring() -> None:
        rung.append(time.monotonic())
        if len(rung) == 1:
            timer.set(time.monotonic() - 1)  # what is over rings at once
        else:
            ringing.set()

    timer = Timer(ring)
    due_s = time.monotonic() + 0.02
    timer.set(due_s)
    await asyncio.wait_for(ringing.wait(), 60)
    timer.close()
    assert len(rung) == 2
    assert rung[0] >= due_s


class Walker:
    """What a queue asks of a user."""

    def __init__(self) -> None:
        self.client: Any = self
        self.owed_s = 0.0
        self.bore: list[float] = []
        self.busy: asyncio.Event | None = None

    async def iterate(self) -> None:
        self.bore.append(self.owed_s)
        if self.busy:
            await self.busy.wait()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_is_free_begins_at_once_and_the_rest_waits_for_who_is_busy() -> None:
    collector, walker = Collector({}, 0.0), Walker()
    queue = Queue(collector)
    walker.busy = asyncio.Event()
    working = asyncio.create_task(queue.work(walker))  # type: ignore[arg-type] # as much of a user as is asked
    await turns()
    now_s = time.monotonic()
    queue.arrive(now_s - 1)
    queue.arrive(now_s - 2)
    await turns()
    assert (len(walker.bore), list(queue.waiting)) == (1, [now_s - 2])
    walker.busy.set()
    await turns()
    queue.close()
    await working
    assert walker.bore == [pytest.approx(1, abs=0.5), pytest.approx(2, abs=0.5)]
    assert (collector.current.due, collector.current.dropped) == (2, 0)
    assert collector.current.lateness.count == 1  # only for the first a user was free


async def test_what_nobody_begins_in_time_is_dropped_and_counted() -> None:
    collector = Collector({}, 0.0)
    queue = Queue(collector)
    for due_s in (10.0, 11.0, 12.0):
        queue.arrive(due_s)
    queue.drop_late(11.5 + LATE_S)
    assert list(queue.waiting) == [12.0]
    assert (collector.current.due, collector.current.dropped) == (2, 2)
    queue.close()
    assert (list(queue.waiting), collector.current.dropped) == ([], 2)


class Visit(Journey):
    think_s = (0.01, 0.01)

    @task(1)
    async def visit(self) -> None:
        await self.client.request("GET", "/visit")

    async def clean_up(self) -> None:
        await self.client.call("DELETE", "/visit")


async def test_a_journal_that_cannot_be_written_ends_the_run_and_users_clean_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    platform = PlatformServer()
    plan = Plan(Path("x"), {}, platform.url, 3, 3, 60)
    code = await Run(plan, {Visit: 1}, Journal(Path("/dev/full"))).whole()
    platform.close()
    assert code == 1
    assert "cannot write the journal: [Errno 28] No space left on device" in capsys.readouterr().err
    assert platform.seen["GET /visit"] > 3
    assert platform.seen["DELETE /visit"] == 3


async def test_users_that_leave_between_stages_clean_up_at_once(tmp_path: Path) -> None:
    platform = PlatformServer()
    stages = (Stage(0.3, 4), Stage(0.3, 1), Stage(0.4, 1))
    plan = Plan(Path("x"), {}, platform.url, 4, 4, 1, stages=stages)
    journal = Journal(tmp_path / "journal")
    run = Run(plan, {Visit: 1}, journal)
    assert await run.whole() == 0
    platform.close()
    assert platform.seen["DELETE /visit"] == 4
    tail = Tail(tmp_path / "journal")
    assert next(interval.users for interval in tail.poll()) == 1
    assert tail.ending


class BlindConnector(Connector):
    """Stops to watch at once."""

    async def watch(self) -> None:
        raise ValueError("cannot look")


async def test_a_run_in_which_nothing_would_time_out_any_more_ends_and_says_why(tmp_path: Path) -> None:
    platform = PlatformServer()
    plan = Plan(Path("x"), {}, platform.url, 2, 2, 3600)
    run = Run(plan, {Visit: 1}, Journal(tmp_path / "journal"), BlindConnector(platform.url))
    with pytest.raises(ValueError, match="cannot look"):
        await run.whole()
    platform.close()
