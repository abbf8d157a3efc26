"""Locust as our engine: its plan kept, and whatever a locustfile of somebody else may do."""

import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from tests.fakes.loadtest.plans import plan
from tests.fakes.loadtest.platform_server import PlatformServer
from tests.fakes.loadtest.whole_run import generate
from tests.fakes.network.ports import free_port
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.generation import Generation, started
from wattos_cli.loadtest.measuring.interval import NAMES_LIMIT, OTHER_NAMES
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Arrivals, Plan, Stage

ENVIRON = dict(os.environ)
HEAD = """
import sys, gevent
from locust import FastHttpUser, HttpUser, LoadTestShape, User, constant, events, task
"""
TWO_USERS = """
class Plain(HttpUser):
    wait_time = constant(0.05)
    @task
    def ask(self): self.client.get("/plain")

class Fast(FastHttpUser):
    wait_time = constant(0.05)
    @task
    def ask(self): self.client.get("/fast")
"""
ONE_USER = """
class One(FastHttpUser):
    wait_time = constant(0.05)
    asked = 0
    @task
    def ask(self):
        self.client.get("/one")
        self.asked += 1
        self.then()
    def then(self): pass
"""


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    server = PlatformServer()
    yield server
    server.close()


def asked(folder: Path, url: str, body: str, **changes: object) -> Plan:
    file = folder / "theirs.py"
    file.write_text(HEAD + body)
    return plan(locustfile=file, host=url, **{"duration_s": 1.5, **changes})


def run(folder: Path, url: str, body: str, **changes: object) -> Measured:
    return generate(asked(folder, url, body, **changes), ENVIRON, time.sleep)


def wait_for_a_request(generation: Generation) -> None:
    while generation.running and not generation.measured.of().count:
        generation.poll()
        time.sleep(0.1)


def stopped_after_a_request(asked_for: Plan) -> Measured:
    with started(replace(asked_for, duration_s=math.inf), ENVIRON) as generation:
        wait_for_a_request(generation)
        generation.stop()
        return generation.result()


def test_all_classes_of_a_file_run_or_those_that_are_named(platform: PlatformServer, tmp_path: Path) -> None:
    measured = run(tmp_path, platform.url, TWO_USERS)
    assert set(measured.total.requests) == {"GET /plain", "GET /fast"}
    assert measured.ending is not None
    assert measured.duration_s >= 1.5
    named = stopped_after_a_request(asked(tmp_path, platform.url, TWO_USERS, journeys={"Fast": 1}))
    assert set(named.total.requests) == {"GET /fast"}


def test_the_shape_of_stages_is_a_straight_line() -> None:
    code = """
from wattos_cli.loadtest.locust_side.shape import StagedUsers
from wattos_cli.loadtest.plan import Stage

class At(StagedUsers):
    abstract = True
    def get_run_time(self): return self.now

shape = At((Stage(2.0, 4.0), Stage(1.0, 4.0), Stage(4.0, 0.0)))
for shape.now in (0.0, 0.5, 1.0, 1.1, 2.0, 2.5, 3.0, 4.0, 7.0, 9.0):
    print(*shape.tick())
"""
    ticked = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    expected = ["0 1.0", "1 1.0", "2 1.0", "2 1.0", "4 2.0", "4 2.0", "4 2.0", "3 1.0", "0 3.0", "0 3.0"]
    assert expected == ticked.stdout.splitlines()


def test_users_follow_the_stages_up_and_down(platform: PlatformServer, tmp_path: Path) -> None:
    stages = (Stage(2.0, 4.0), Stage(3.0, 4.0), Stage(1.0, 0.0))
    users: list[int] = []
    endless = asked(tmp_path, platform.url, ONE_USER, stages=stages, users=4, duration_s=math.inf)
    with started(endless, ENVIRON) as generation:
        while generation.running and not (4 in users and users[-1] == 0):
            users += [interval.users for interval in generation.poll()]
            time.sleep(0.1)
        generation.stop()
        assert generation.result().ending is not None
    peak = users.index(max(users))
    assert users[peak] == 4
    assert users[:peak] == sorted(users[:peak])
    assert users[peak:] == sorted(users[peak:], reverse=True)


@pytest.mark.parametrize("processes", [1, 2])
def test_arrivals_come_by_the_rate_whatever_users_think(
    platform: PlatformServer, tmp_path: Path, processes: int
) -> None:
    body = ONE_USER.replace("constant(0.05)", "constant(100)")
    arrivals = Arrivals(40.0, (Stage(1.5, 40.0),))
    measured = run(tmp_path, platform.url, body, arrivals=arrivals, users=4, processes=processes)
    assert measured.total.due == measured.of().count == 60
    assert measured.total.dropped == 0
    assert measured.total.lateness.count > 0


def test_a_request_counts_from_when_it_was_due(platform: PlatformServer, tmp_path: Path) -> None:
    body = ONE_USER.replace("self.then()", "gevent.sleep(0.2)")  # 5 a second at the most, of 20 that come
    arrivals = Arrivals(20.0, (Stage(1.0, 20.0),))
    measured = run(tmp_path, platform.url, body, arrivals=arrivals, users=1, duration_s=1.0)
    latency = measured.of().time("latency")
    assert measured.total.due == latency.count == 20  # what waits at the end is still begun
    # The first waited for nobody, the last for all before it; how long each takes depends on the machine.
    assert latency.most >= max(2500, 2000 + (latency.quantile(0.1) or 0.0))


def test_a_shape_of_the_file_decides_how_long_it_takes(platform: PlatformServer, tmp_path: Path) -> None:
    shape = """
class Theirs(LoadTestShape):
    def tick(self): return (2, 2) if self.get_run_time() < 1.5 else None
"""
    measured = run(tmp_path, platform.url, ONE_USER + shape, duration_s=float("inf"))
    assert measured.ending is not None
    assert measured.duration_s >= 1.5
    assert measured.of().count > 0


def test_a_run_with_a_shape_is_stopped_with_its_result(platform: PlatformServer, tmp_path: Path) -> None:
    measured = stopped_after_a_request(asked(tmp_path, platform.url, ONE_USER, stages=(Stage(60.0, 60.0),)))
    assert measured.ending is not None


def test_stop_on_locusts_page_ends_the_run_with_its_result(platform: PlatformServer, tmp_path: Path) -> None:
    with (
        free_port() as port,
        started(
            asked(tmp_path, platform.url, ONE_USER, duration_s=60.0, ui_port=port), ENVIRON
        ) as generation,
    ):
        wait_for_a_request(generation)
        page = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
        assert "<title>Locust</title>" in page.text
        httpx.post(f"http://127.0.0.1:{port}/stop", timeout=20, trust_env=False)
        while generation.running:
            time.sleep(0.1)
        measured = generation.result()
    assert measured.ending is not None
    assert measured.of().count > 0


def test_requests_that_are_no_http_count(tmp_path: Path) -> None:
    body = """
class Rpc(User):
    wait_time = constant(100)
    @task
    def call(self):
        fire = self.environment.events.request.fire
        fire(request_type="RPC", name="no time", response_time=None, response_length=0)
        long = ValueError("y" * 10_000)
        fire(request_type="RPC", name="x" * 10_000, response_time=1, response_length=0, exception=long)
        for number in range(10_000):
            fire(request_type="RPC", name=str(number), response_time=2, response_length=0, context=None)
"""
    measured = run(tmp_path, "http://127.0.0.1:9", body, users=1, duration_s=1.0)
    assert (measured.of().count, measured.of().failures) == (10_002, 1)
    assert measured.of("RPC no time").time("latency").count == 0
    assert len(measured.total.requests) == NAMES_LIMIT + 1
    assert measured.of(OTHER_NAMES).count == 10_002 - NAMES_LIMIT
    assert max(map(len, [*measured.total.requests, *measured.total.errors])) <= 300


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            ONE_USER + "    def on_start(self): raise RuntimeError('cannot log in')",
            "TASK One: RuntimeError: cannot log in",
        ),
        (ONE_USER.replace("pass", "{}['missing']"), "TASK One: KeyError: 'missing'"),
        ("class Idle(User): pass", "TASK Idle: Exception: No tasks defined on Idle."),
    ],
    ids=["on_start", "task", "no task"],
)
def test_what_the_code_of_a_user_raises_is_a_failure(
    platform: PlatformServer, tmp_path: Path, body: str, error: str
) -> None:
    measured = run(tmp_path, platform.url, body, duration_s=1.0)
    assert [text for text in measured.total.errors if text.startswith(error)]
    assert measured.of().failures > 0
    assert measured.ending is not None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ("class A(", "SyntaxError"),
        ("sys.exit('not today')", "not today"),
        ("x = 1", r"theirs\.py has no class of users"),
    ],
    ids=["import", "syntax", "exit", "no user"],
)
def test_a_file_that_cannot_run_says_why(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(WattosError, match=says):
        run(tmp_path, "http://127.0.0.1:9", body)


def test_a_file_that_writes_without_end_is_told_by_its_beginning_and_its_end(tmp_path: Path) -> None:
    body = """
print("this comes first")
for number in range(5000): print(number, "x" * 1000)
sys.exit("this comes last")
"""
    with pytest.raises(WattosError) as caught:
        run(tmp_path, "http://127.0.0.1:9", body)
    told = caught.value.message
    assert len(told) < 10_000
    beginning, left_out, end = told.partition(" bytes are left out ...")
    assert left_out
    assert "this comes first\n  0 xxx" in beginning
    assert "4999 xxx" in end
    assert end.endswith("this comes last")


@pytest.mark.parametrize(
    ("then", "broken"),
    [
        ("sys.exit(3) if self.asked == 5 else None", "it ended with exit code 3 in the middle"),
        ("__import__('os').kill(__import__('os').getpid(), 9) if self.asked == 30 else None", "SIGKILL"),
    ],
    ids=["exit", "killed"],
)
def test_a_run_that_breaks_off_keeps_what_it_counted(
    platform: PlatformServer, tmp_path: Path, then: str, broken: str
) -> None:
    measured = run(tmp_path, platform.url, ONE_USER.replace("pass", then), duration_s=60.0)
    assert measured.ending is None
    assert broken in measured.broken
    assert measured.of().count > 0


def test_a_file_may_end_the_run(platform: PlatformServer, tmp_path: Path) -> None:
    body = ONE_USER.replace("pass", "self.environment.runner.quit() if self.asked == 5 else None")
    measured = run(tmp_path, platform.url, body, users=1, duration_s=60.0)
    assert measured.ending is not None
    assert measured.of().count == 5


def test_a_user_that_will_not_stop_is_cut_off(platform: PlatformServer, tmp_path: Path) -> None:
    stubborn = """
    def on_stop(self):
        while True:
            try: gevent.sleep(1)
            except BaseException: pass
"""
    measured = run(tmp_path, platform.url, ONE_USER + stubborn, users=1, duration_s=1.0, stop_s=0.5)
    assert measured.ending is not None
    assert measured.ending.notes == ("users did not stop within 0.5 s and were cut off",)
    assert psutil.Process().children() == []


def test_users_of_the_file_find_a_token(platform: PlatformServer, tmp_path: Path) -> None:
    body = """
import os
class One(FastHttpUser):
    wait_time = constant(0.05)
    @task
    def ask(self):
        self.client.get("/one", headers={"Authorization": "Bearer " + os.environ["WATTOS_TOKEN"]})
"""
    measured = stopped_after_a_request(asked(tmp_path, platform.url, body, tokens=["wk_1", "wk_2"]))
    assert (measured.of().failures, platform.tokens) == (0, {"Bearer wk_1"})


def test_listeners_and_options_of_the_file_work(platform: PlatformServer, tmp_path: Path) -> None:
    body = """
@events.init_command_line_parser.add_listener
def options(parser): parser.add_argument("--mine", default="seven")

@events.test_start.add_listener
def broken(environment, **_given): raise RuntimeError("a broken listener")

class One(FastHttpUser):
    wait_time = constant(0.05)
    @task
    def ask(self): self.client.get("/" + self.environment.parsed_options.mine)
"""
    measured = run(tmp_path, platform.url, body, duration_s=1.0)
    assert set(measured.total.requests) == {"GET /seven"}
    assert measured.ending is not None
