"""The bundled scenarios in a real Locust process against a gateway that answers over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.fakes.platform_server import PlatformServer
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.generator import generate
from wattos_cli.loadtest.measured import Measured
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.scenarios import scenario

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = dict(os.environ)


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    server = PlatformServer()
    yield server
    server.close()


def smoke(url: str, seconds: float = 3, **changes: object) -> Measured:
    found = scenario("smoke")
    given = {
        "locustfile": found.locustfile,
        "journeys": found.journeys,
        "host": url,
        "users": 5,
        "spawn_rate": 5,
        "duration_s": seconds,
        "tokens": [f"wk_{number}" for number in range(5)],
        "objectives_ms": {"latency": 2000.0},
    }
    return generate(Plan(**{**given, **changes}), ENVIRON, time.sleep)  # type: ignore[arg-type]


def test_smoke_uses_every_path_with_a_token_per_user_and_cleans_up(platform: PlatformServer) -> None:
    measured = smoke(platform.url)
    total = measured.of()
    assert measured.total.errors == {}
    assert (total.failures, total.good) == (0, total.count)
    assert measured.duration_s >= 3
    assert platform.tokens == {f"Bearer wk_{number}" for number in range(5)}
    assert total.time("ttft").count == measured.of("POST /v1/chat/completions (stream)").count > 0
    assert total.time("itl").count > 0
    assert platform.seen["DELETE /api/v1/knowledge-spaces/1"] == 1
    assert platform.seen["DELETE /api/v1/conversations/1"] == 1
    names = {name.split()[1] for name in measured.total.requests}
    assert {"/v1/chat/completions", "/api/v1/search", "/api/v1/conversations/[id]/messages"} <= names
    assert "POST /api/v1/conversations" not in measured.total.requests


def test_failures_are_counted_and_named(platform: PlatformServer) -> None:
    platform.failing = ("/api/v1/knowledge-spaces", "/v1/models", "/api/v1/agents", "/api/v1/runs")
    measured = smoke(platform.url)
    setup = measured.of("SETUP Search")
    assert (setup.count, setup.failures, setup.unanswered) == (1, 1, 0)
    failed = [one for name, one in measured.total.requests.items() if name.endswith(("agents", "runs"))]
    assert failed
    for one in failed:
        assert one.failures == one.count == one.statuses["500"]
        assert one.time("latency").count == 0


def test_a_truncated_stream_is_an_error(platform: PlatformServer) -> None:
    platform.truncated = True
    measured = smoke(platform.url, journeys={"ChatStream": 1}, users=1, tokens=[])
    assert [error.partition(": ")[2] for error in measured.total.errors] == [
        "a stream without text, finish_reason and [DONE]"
    ]
    assert platform.tokens <= {""}


def test_a_target_that_is_gone_answers_nothing() -> None:
    server = PlatformServer()
    server.close()
    total = smoke(server.url, journeys={"Model": 1}).of()
    assert 0 < total.count == total.unanswered


def test_a_broken_scenario_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(WattosError, match="nothing_of_that_name") as caught:
        smoke("http://127.0.0.1:9", locustfile=tmp_path / "locustfile.py")
    assert (caught.value.code, caught.value.exit_code) == ("generator_failed", ExitCode.UNREACHABLE)


def test_an_interrupt_ends_the_generator(platform: PlatformServer) -> None:
    waits = iter(range(10))

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if next(waits) == 9:
            raise KeyboardInterrupt

    found = scenario("smoke")
    plan = Plan(found.locustfile, found.journeys, platform.url, 1, 1, 60)
    with pytest.raises(KeyboardInterrupt):
        generate(plan, ENVIRON, sleep)
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if platform.url in (process.info["cmdline"] or [])
    ]


def test_plain_locust_runs_the_same_file(platform: PlatformServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "-u", "5", "-r", "5",
         "-t", "3s", "--host", platform.url],
        cwd=ROOT, env={**ENVIRON, "WATTOS_TOKEN": "wk_mine"}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, platform.tokens) == (0, {"Bearer wk_mine"}), done.stderr[-2000:]


def test_our_process_never_imports_locust() -> None:
    code = (
        "import sys, wattos_cli.commands.loadtest.run\n"
        "print([name for name in ('locust', 'gevent') if name in sys.modules])"
    )
    environ = {**ENVIRON, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
