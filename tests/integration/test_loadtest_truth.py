"""What is reported is what happened: a stall that is known, streams whose truth the simulator knows.

A machine that is busy elsewhere makes both sides late in its own way; that is nobody's mistake, and passes.
What is measured wrongly is wrong each time. So a measurement may be repeated, a few times.
"""

import asyncio
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import httpx
import pytest

from tests.fakes.llm.simulator import simulator
from tests.fakes.loadtest.whole_run import generate
from tests.fakes.network.stalling_server import StallingServer
from wattos_cli.loadtest.measuring.requests import Requests
from wattos_cli.loadtest.plan import Arrivals, Engine, Plan, Stage
from wattos_cli.loadtest.scenarios.scenario import scenario

pytestmark = pytest.mark.alone

ENVIRON = dict(os.environ)
RATE, SECONDS, STALL_AFTER_S, STALL_S = 500.0, 5.0, 2.0, 1.0
LATENCY_MS, TOKENS, TOKENS_PER_S = 500.0, 20, 25.0
ATTEMPTS = 5
JOURNEY = """
from time import perf_counter

from wattos_cli.loadtest.journey import Journey, task

class Ask(Journey):
    async def prepare(self):
        await self.client.call("GET", "/connect")

    @task(1)
    async def ask(self):
        await self.client.request("GET", "/")

class Burn(Journey):
    @task(1)
    async def burn(self):
        await self.client.request("GET", "/")
        end_s = perf_counter() + 0.02  # twice the work that there is time for, on any machine
        while perf_counter() < end_s:
            pass

JOURNEYS = (Ask, Burn)
"""


@pytest.fixture
def locustfile(tmp_path: Path) -> Path:
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys" / "__init__.py").write_text(JOURNEY)
    path = tmp_path / "locustfile.py"
    path.write_text(scenario("smoke").locustfile.read_text())
    return path


@dataclass(frozen=True)
class Compared:
    """What was reported, what was true, and by how much they may differ: a share, or `least`."""

    name: str
    reported: float | None
    truth: float
    share: float = 0.01
    least: float = 1.0

    @property
    def holds(self) -> bool:
        return self.reported == pytest.approx(self.truth, rel=self.share, abs=self.least)


def stalled_p99_ms(server: StallingServer) -> float:
    """Return the p99 of an even schedule in which who is due in the stall waits until its end."""
    assert server.began_s is not None
    due_s = [server.began_s + number / RATE for number in range(round(RATE * SECONDS))]
    waits_s = [server.ended_s - at_s if server.stalled_s <= at_s < server.ended_s else 0.0 for at_s in due_s]
    return sorted(waits_s)[math.ceil(0.99 * len(waits_s)) - 1] * 1000


@pytest.mark.parametrize("engine", ["fast", "locust"])
@pytest.mark.parametrize("users", [20, 800], ids=["few users: arrivals wait", "many users: requests wait"])
def test_a_stall_is_seen_as_long_as_it_was(engine: Engine, locustfile: Path, users: int) -> None:  # defect-73
    arrivals = Arrivals(RATE, (Stage(SECONDS, RATE),))

    def compared() -> list[Compared]:
        with StallingServer(STALL_AFTER_S, STALL_S) as server:
            plan = Plan(
                locustfile, {"Ask": 1}, server.url, users, users, SECONDS, arrivals=arrivals, engine=engine
            )
            measured = generate(plan, ENVIRON, time.sleep)
            truth_ms = stalled_p99_ms(server)
        total = measured.of()
        assert measured.total.errors == {}
        assert measured.total.due == total.count + measured.total.dropped == RATE * SECONDS
        return [
            Compared("dropped", measured.total.dropped, 0, least=0.0),
            Compared("p99", total.time("latency").quantile(0.99), truth_ms, share=0.05),
        ]

    hold(compared)


@pytest.mark.parametrize("engine", ["fast", "locust"])
async def test_streams_are_measured_as_the_simulator_sent_them(engine: Engine, tmp_path: Path) -> None:
    # defect-73
    async with simulator(tmp_path) as upstream:
        await upstream.behave(latency_ms=LATENCY_MS, tokens_per_s=TOKENS_PER_S, answer_tokens=TOKENS)
        plan = Plan(
            scenario("chat-stream").locustfile, {"ChatStream": 1}, upstream.url, 4, 4, 6, engine=engine
        )

        def compared() -> list[Compared]:
            httpx.delete(f"{upstream.url}/simulator/requests")
            measured = generate(plan, ENVIRON, time.sleep)
            told = httpx.get(f"{upstream.url}/simulator/requests").json()["recent"]
            assert measured.total.errors == {}
            return against(measured.of(), [call for call in told if call["stream"]])

        await asyncio.to_thread(hold, compared)


def against(streams: Requests, truth: list[dict[str, float]]) -> list[Compared]:
    """Return what was reported of streams beside what the simulator knows of them; counts are equal."""
    assert streams.count == len(truth) > 4
    assert streams.tokens == sum(call["output_tokens"] for call in truth) == TOKENS * len(truth)
    assert streams.time("itl").count == (TOKENS - 1) * len(truth)
    gaps_ms = [(call["last_token_ms"] - call["first_token_ms"]) / (TOKENS - 1) for call in truth]
    paces = [TOKENS * 1000 / call["duration_ms"] for call in truth]
    return [
        Compared("latency", streams.time("latency").mean(), mean(call["duration_ms"] for call in truth)),
        Compared("ttft", streams.time("ttft").mean(), mean(call["first_token_ms"] for call in truth)),
        Compared("itl", streams.time("itl").mean(), mean(gaps_ms)),
        Compared("pace", streams.pace.mean(), mean(paces), least=0.0),
    ]


def hold(measure: Callable[[], list[Compared]]) -> None:
    """Measure until everything holds, a few times at most."""
    tries = []
    for _ in range(ATTEMPTS):
        tries.append(measure())
        if all(one.holds for one in tries[-1]):
            return
    raise AssertionError("\n".join(map(str, tries)))


def test_a_generator_that_is_too_busy_says_so(locustfile: Path) -> None:  # defect-73
    arrivals = Arrivals(100, (Stage(2, 100),))
    with StallingServer(after_s=60, stall_s=0) as server:
        plan = Plan(locustfile, {"Burn": 1}, server.url, 200, 200, 2, arrivals=arrivals, engine="fast")
        measured = generate(plan, ENVIRON, time.sleep)
    assert measured.ending
    assert any("late though users were free" in reason for reason in measured.ending.saturated)
