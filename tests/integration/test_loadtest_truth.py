"""What is reported is what happened: a stall that is known, streams whose truth the simulator knows."""

import asyncio
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import pytest

from tests.fakes.simulator import simulator
from tests.fakes.stalling_server import StallingServer
from wattos_cli.loadtest.generator import generate
from wattos_cli.loadtest.plan import Arrivals, Engine, Plan, Stage
from wattos_cli.loadtest.scenarios import scenario

ENVIRON = dict(os.environ)
RATE, SECONDS, STALL_AFTER_S, STALL_S = 500.0, 5.0, 2.0, 1.0
LATENCY_MS, TOKENS, TOKENS_PER_S = 500.0, 20, 25.0
JOURNEY = """
from wattos_cli.loadtest.journey import Journey, task

class Ask(Journey):
    @task(1)
    async def ask(self):
        await self.client.request("GET", "/")

class Burn(Journey):
    @task(1)
    async def burn(self):
        await self.client.request("GET", "/")
        sum(range(1_000_000))

JOURNEYS = (Ask, Burn)
"""


@pytest.fixture
def stalling() -> Iterator[StallingServer]:
    server = StallingServer(STALL_AFTER_S, STALL_S)
    yield server
    server.close()


@pytest.fixture
def locustfile(tmp_path: Path) -> Path:
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys" / "__init__.py").write_text(JOURNEY)
    path = tmp_path / "locustfile.py"
    path.write_text(scenario("smoke").locustfile.read_text())
    return path


def stalled_p99_ms(server: StallingServer) -> float:
    """Return the p99 of an even schedule in which who is due in the stall waits until its end."""
    assert server.began_s is not None
    due_s = [server.began_s + number / RATE for number in range(round(RATE * SECONDS))]
    waits_s = [server.ended_s - at_s if server.stalled_s <= at_s < server.ended_s else 0.0 for at_s in due_s]
    return sorted(waits_s)[math.ceil(0.99 * len(waits_s)) - 1] * 1000


@pytest.mark.parametrize("users", [20, 800], ids=["few users: arrivals wait", "many users: requests wait"])
def test_a_stall_is_seen_as_long_as_it_was(stalling: StallingServer, locustfile: Path, users: int) -> None:
    arrivals = Arrivals(RATE, (Stage(SECONDS, RATE),))
    plan = Plan(locustfile, {"Ask": 1}, stalling.url, users, users, SECONDS, arrivals=arrivals, engine="fast")
    measured = generate(plan, ENVIRON, time.sleep)
    assert measured.total.errors == {}
    assert (measured.total.due, measured.total.dropped) == (RATE * SECONDS, 0)
    assert measured.of().count == RATE * SECONDS
    assert measured.of().time("latency").quantile(0.99) == pytest.approx(stalled_p99_ms(stalling), rel=0.05)
    assert measured.of().time("latency").quantile(0.5) < 50


@pytest.mark.parametrize("engine", ["fast", "locust"])
async def test_streams_are_measured_as_the_simulator_sent_them(engine: Engine, tmp_path: Path) -> None:
    async with simulator(tmp_path) as upstream:
        await upstream.behave(latency_ms=LATENCY_MS, tokens_per_s=TOKENS_PER_S, answer_tokens=TOKENS)
        plan = Plan(
            scenario("chat-stream").locustfile, {"ChatStream": 1}, upstream.url, 4, 4, 6, engine=engine
        )
        measured = await asyncio.to_thread(generate, plan, ENVIRON, time.sleep)
        truth = [call for call in (await upstream.counts())["recent"] if call["stream"]]
    assert measured.total.errors == {}
    streams = measured.of()
    assert streams.count == len(truth) > 4
    assert streams.tokens == sum(call["output_tokens"] for call in truth) == TOKENS * len(truth)
    assert streams.time("itl").count == (TOKENS - 1) * len(truth)
    gaps_ms = [(call["last_token_ms"] - call["first_token_ms"]) / (TOKENS - 1) for call in truth]
    for metric, truth_ms in {
        "latency": mean(call["duration_ms"] for call in truth),
        "ttft": mean(call["first_token_ms"] for call in truth),
        "itl": mean(gaps_ms),
    }.items():
        # within 1 % or 1 ms
        assert streams.time(metric).mean() == pytest.approx(truth_ms, rel=0.01, abs=1.0), metric
    pace = mean(TOKENS * 1000 / call["duration_ms"] for call in truth)
    assert streams.pace.mean() == pytest.approx(pace, rel=0.01)


def test_a_generator_that_is_too_busy_says_so(stalling: StallingServer, locustfile: Path) -> None:
    arrivals = Arrivals(100, (Stage(2, 100),))
    plan = Plan(locustfile, {"Burn": 1}, stalling.url, 200, 200, 2, arrivals=arrivals, engine="fast")
    measured = generate(plan, ENVIRON, time.sleep)
    assert measured.ending
    assert any("late though users were free" in reason for reason in measured.ending.saturated)
