"""What every engine does alike: the same journeys against the same gateway, through the same journal."""

import os
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.loadtest.platform_server import TRACEPARENT, PlatformServer
from tests.fakes.loadtest.whole_run import generate
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.generation import Generation, started
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Engine, Plan
from wattos_cli.loadtest.scenarios.scenario import scenario

ENVIRON = dict(os.environ)
BUNDLED = scenario("smoke").locustfile
WORKED = {
    "GET /api/v1/agents",
    "GET /api/v1/runs/[id]/events (whole run)",
    "POST /api/v1/conversations/[id]/messages",
    "POST /api/v1/knowledge-spaces/[id]/documents",
    "POST /api/v1/search",
    "POST /v1/chat/completions",
    "POST /v1/chat/completions (stream)",
    "DELETE /api/v1/documents/[id]",
}
ALL = ("AgentRun", "Agents", "Chat", "ChatStream", "Ingest", "Model", "Search")


@pytest.fixture(params=["locust", "fast"])
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    server = PlatformServer()
    yield server
    server.close()


def plan(engine: Engine, url: str, *journeys: str, **changes: Any) -> Plan:
    users = max(len(journeys), 1)
    given: dict[str, Any] = {
        "locustfile": BUNDLED,
        "journeys": dict.fromkeys(journeys, 1),
        "host": url,
        "users": users,
        "spawn_rate": 2 * users,
        "duration_s": 2,
        "tokens": [f"wk_{number}" for number in range(users)],
        "objectives_ms": {"latency": 20_000.0},
        "engine": engine,
    }
    return Plan(**{**given, **changes})


def run(plan: Plan) -> Measured:
    return generate(plan, ENVIRON, time.sleep)


def follow(generation: Generation, until: Callable[[], bool]) -> None:
    """Return when it holds, or the run has ended, which it does in a minute."""
    while generation.running and not until():
        time.sleep(0.05)
        generation.poll()


def test_every_journey_seeds_works_and_cleans_up_with_a_token_of_its_own(
    engine: Engine, platform: PlatformServer
) -> None:
    with started(plan(engine, platform.url, *ALL, duration_s=60), ENVIRON) as generation:
        follow(
            generation,
            lambda: (
                set(generation.measured.total.requests) >= WORKED
                and platform.seen["POST /api/v1/agents/meeting/runs"] > 1
            ),
        )
        generation.stop()
        measured = generation.result()
    total = measured.of()
    assert measured.total.errors == {}
    assert (total.failures, total.good) == (0, total.count)
    assert measured.ending
    # Beside other tests it may have to wait for a processor; nothing else is wrong.
    assert [why for why in measured.ending.saturated if "waited for a processor" not in why] == []
    assert platform.tokens == {f"Bearer wk_{number}" for number in range(len(ALL))}
    names = set(measured.total.requests)
    assert names >= WORKED
    assert "POST /api/v1/conversations" not in names  # what prepares is not measured
    assert platform.seen["DELETE /api/v1/knowledge-spaces/1"] == 2
    assert platform.seen["DELETE /api/v1/conversations/1"] == 1
    assert platform.seen["DELETE /api/v1/runs/1"] == platform.seen["POST /api/v1/agents/meeting/runs"] > 1
    assert "DELETE /api/v1/runs/1" not in names


def test_streams_costs_and_traces_are_in_the_observations(engine: Engine, platform: PlatformServer) -> None:
    measured = run(plan(engine, platform.url, "ChatStream", "Model", "AgentRun"))
    streams = measured.of("POST /v1/chat/completions (stream)")
    assert streams.time("ttft").count == streams.count > 0
    assert streams.time("itl").count == streams.count
    assert (streams.tokens, streams.pace.count) == (2 * streams.count, streams.count)
    assert (streams.usd, streams.usd_known) == (0.125 * streams.count, streams.count)
    whole = measured.of("POST /v1/chat/completions")
    assert (whole.usd, whole.usd_known) == (0.5 * whole.count, whole.count)
    runs = measured.of("GET /api/v1/runs/[id]/events (whole run)")
    assert runs.usd == pytest.approx(0.25 * runs.count)
    assert {slow.trace_id for slow in measured.total.slowest} == {TRACEPARENT.split("-")[1]}


def test_a_failed_preparation_is_counted_and_cleaned_up_after(
    engine: Engine, platform: PlatformServer
) -> None:
    platform.failing = ("/api/v1/search",)
    measured = run(plan(engine, platform.url, "Search", "Agents"))
    setup = measured.of("SETUP Search")
    assert (setup.count, setup.failures, setup.unanswered) == (1, 1, 0)
    assert "SETUP Search: POST /api/v1/search: HTTP 500 broken" in measured.total.errors
    assert platform.seen["DELETE /api/v1/knowledge-spaces/1"] == 1
    assert measured.of("GET /api/v1/agents").count > 0


def test_failures_have_a_status_and_no_time(engine: Engine, platform: PlatformServer) -> None:  # defect-76
    platform.failing = ("/api/v1/agents", "/api/v1/runs")
    measured = run(plan(engine, platform.url, "Agents"))
    total = measured.of()
    assert total.failures == total.count == total.statuses["500"] > 0
    assert total.time("latency").count == 0
    assert {error.partition(": ")[2] for error in measured.total.errors} == {"HTTP 500"}


def test_a_truncated_stream_is_an_error(engine: Engine, platform: PlatformServer) -> None:
    platform.truncated = True
    measured = run(plan(engine, platform.url, "ChatStream", tokens=[]))
    assert [error.partition(": ")[2] for error in measured.total.errors] == [
        "a stream without text, finish_reason and [DONE]"
    ]
    assert platform.tokens <= {""}


def test_a_target_that_is_gone_answers_nothing(engine: Engine) -> None:
    server = PlatformServer()
    server.close()
    total = run(plan(engine, server.url, "Model", "Agents")).of()
    assert 0 < total.count == total.unanswered == total.statuses["0"]


def test_intervals_come_while_it_runs_and_add_up(engine: Engine, platform: PlatformServer) -> None:
    seen: list[Interval] = []
    measured = generate(plan(engine, platform.url, "Agents"), ENVIRON, time.sleep, seen.append)
    assert len(seen) >= 2
    assert sum(one.of().count for one in seen) == measured.of().count
    assert max(one.users for one in seen) == 1
    for earlier, later in pairwise(seen):
        assert later.at_s == pytest.approx(earlier.at_s + earlier.span_s, abs=0.02)


def test_a_stop_is_graceful(engine: Engine, platform: PlatformServer) -> None:
    with started(plan(engine, platform.url, "Chat", duration_s=60), ENVIRON) as generation:
        while not platform.seen["POST /api/v1/conversations/1/messages"] > 1:
            assert generation.running
            time.sleep(0.05)
        generation.stop()
        measured = generation.result()
    assert measured.ending
    assert measured.total.errors == {}
    assert platform.seen["DELETE /api/v1/conversations/1"] == 1


def test_nothing_outlives_the_caller(engine: Engine, platform: PlatformServer) -> None:
    children: list[psutil.Process] = []

    def interrupted(_seconds: float) -> None:
        children.extend(psutil.Process().children(recursive=True))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(plan(engine, platform.url, "Chat", duration_s=60), ENVIRON, interrupted)
    assert children
    psutil.wait_procs(children, timeout=60)
    assert not any(child.is_running() for child in children)


def test_a_journey_of_ones_own(engine: Engine, platform: PlatformServer, tmp_path: Path) -> None:
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys" / "__init__.py").write_text(
        "from wattos_cli.loadtest.journey import Journey, task\n"
        "class Look(Journey):\n"
        "    think_s = (0.1, 0.1)\n"
        "    @task(1)\n"
        "    async def look(self):\n"
        "        await self.client.request('GET', f'/look/{self.traveller.number}', name='/look')\n"
        "        raise RuntimeError('tripped')\n"
        "JOURNEYS = (Look,)\n"
    )
    (tmp_path / "locustfile.py").write_text(BUNDLED.read_text())
    measured = run(plan(engine, platform.url, "Look", locustfile=tmp_path / "locustfile.py", duration_s=2))
    assert platform.seen["GET /look/0"] == measured.of("GET /look").count > 5
    broken = measured.of("TASK Look.look")
    assert broken.failures == broken.count == measured.of("GET /look").count
    assert set(measured.total.errors) == {"TASK Look.look: RuntimeError: tripped"}


def test_a_broken_file_says_what_is_wrong(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(WattosError, match="nothing_of_that_name") as caught:
        run(plan(engine, "http://127.0.0.1:9", locustfile=tmp_path / "locustfile.py"))
    assert (caught.value.code, caught.value.exit_code) == ("generator_failed", ExitCode.UNREACHABLE)


def test_a_target_that_dies_in_the_middle_leaves_a_result(engine: Engine, platform: PlatformServer) -> None:
    with started(plan(engine, platform.url, "Agents", duration_s=60), ENVIRON) as generation:
        seen = generation.measured
        follow(generation, lambda: seen.of().statuses.get("200", 0) > 0)
        platform.close()
        follow(generation, lambda: seen.of().unanswered > 0)
        generation.stop()
        measured = generation.result()
    total = measured.of()
    assert measured.ending
    assert total.statuses["200"] > 0
    assert total.unanswered == total.statuses["0"] > 0
