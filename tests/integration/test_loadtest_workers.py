"""Locust's own distributed engine: processes of one run, masters and workers, a worker that is lost."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.fakes.loadtest.plans import plan
from tests.fakes.loadtest.platform_server import PlatformServer
from tests.fakes.loadtest.whole_run import generate
from tests.fakes.network.ports import free_port
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.driving.run_folder import sweep
from wattos_cli.loadtest.generation import Generation, started
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Crew, Engine, Plan
from wattos_cli.loadtest.scenarios.places import folder

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = dict(os.environ)
LOCUSTFILE = folder() / "locustfile.py"


@pytest.fixture
def address() -> Iterator[str]:
    """Where a master is to listen."""
    with free_port() as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    server = PlatformServer()
    yield server
    server.close()


def models(url: str, **changes: object) -> Plan:
    given = {"locustfile": LOCUSTFILE, "journeys": {"Model": 1}, "host": url, "users": 4}
    return plan(**{**given, "tokens": [f"wk_{number}" for number in range(4)], **changes})


def followed(run: Plan, meanwhile: Callable[[Generation], object]) -> Measured:
    """Return what was measured; `meanwhile` is called once, when the first interval has come."""
    with started(run, ENVIRON) as generation:
        while generation.running and not generation.poll():
            time.sleep(0.1)
        meanwhile(generation)
        while generation.running:
            time.sleep(0.1)
            generation.poll()
        return generation.result()


def workers() -> list[psutil.Process]:
    """Return the workers of the generator that this process has started."""
    (master,) = psutil.Process().children()
    return master.children()


def test_two_workers_share_the_users_and_the_tokens_and_make_one_run(platform: PlatformServer) -> None:
    measured = generate(models(platform.url, processes=2), ENVIRON, time.sleep)
    assert measured.total.errors == {}
    assert platform.tokens == {f"Bearer wk_{number}" for number in range(4)}
    assert measured.ending is not None
    assert (measured.ending.workers, measured.ending.lost) == (2, 0)
    asked = platform.seen["POST /v1/chat/completions"] - 4  # each user asks once that is not measured
    assert measured.of("POST /v1/chat/completions").count == asked > 0
    assert max(interval.users for interval in measured.intervals) == 4


def test_a_worker_that_is_killed_is_lost_and_what_it_told_counts(platform: PlatformServer) -> None:
    measured = followed(models(platform.url, processes=2), lambda _running: workers()[0].kill())
    assert measured.ending is not None
    assert (measured.ending.workers, measured.ending.lost) == (2, 1)
    assert measured.of().count > 0
    assert measured.total.errors == {}


def test_workers_do_not_outlive_their_master(platform: PlatformServer) -> None:
    left: list[psutil.Process] = []

    def kill_master(_running: Generation) -> None:
        left.extend(workers())
        psutil.Process().children()[0].kill()

    measured = followed(models(platform.url, processes=2), kill_master)
    assert (measured.ending, measured.broken) == (None, "it was killed by SIGKILL")
    assert measured.of().count > 0
    _, alive = psutil.wait_procs(left, timeout=60)
    assert alive == []


def test_workers_that_are_not_ready_yet_end_with_their_master(
    platform: PlatformServer, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import os, time\n"
        "from locust import User\n"
        "os.register_at_fork(after_in_parent=lambda: time.sleep(60), after_in_child=lambda: time.sleep(60))\n"
        "class Nobody(User): ...\n"
    )
    with started(models(platform.url, locustfile=slow, journeys={}, processes=2), ENVIRON):
        while not (left := workers()):
            time.sleep(0.01)
    _, alive = psutil.wait_procs(left, timeout=60)
    assert alive == []


@pytest.mark.parametrize(("engine", "processes", "generators"), [("locust", 2, 3), ("fast", 1, 1)])
def test_nothing_is_left_when_we_are_killed(
    platform: PlatformServer, tmp_path: Path, engine: Engine, processes: int, generators: int
) -> None:
    (temporary := tmp_path / "tmp").mkdir()
    whole = tmp_path / "whole.json"
    whole.write_text(models(platform.url, engine=engine, processes=processes, duration_s=60.0).dump())
    code = (
        "import os, sys, time, pathlib\n"
        "from tests.fakes.loadtest.whole_run import generate\n"
        "from wattos_cli.loadtest.plan import Plan\n"
        "plan = Plan.load(pathlib.Path(sys.argv[1]).read_text())\n"
        "generate(plan, dict(os.environ), time.sleep, lambda _interval: print('begun', flush=True))\n"
    )
    environ = {**ENVIRON, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}", "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", code, whole], env=environ, stdout=subprocess.PIPE, text=True
    ) as ours:
        assert ours.stdout is not None
        assert ours.stdout.readline() == "begun\n"
        running = psutil.Process(ours.pid).children(recursive=True)
        assert len(running) == generators
        ours.kill()
    _, alive = psutil.wait_procs(running, timeout=60)
    assert alive == []
    (abandoned,) = temporary.iterdir()
    assert not (abandoned / "plan.json").exists()
    sweep(temporary, abandoned.stat().st_mtime)
    assert list(temporary.iterdir()) == []


def test_a_master_and_a_worker_of_another_start(platform: PlatformServer, address: str) -> None:
    master = models(platform.url, crew=Crew("master", address, workers=1), tokens=(), duration_s=2.0)
    worker = models("", crew=Crew("worker", address), tokens=["wk_its_own"])
    ended: list[Measured] = []
    beside = threading.Thread(target=lambda: ended.append(generate(worker, ENVIRON, time.sleep)))
    beside.start()
    measured = generate(master, ENVIRON, time.sleep)
    beside.join()
    assert measured.ending is not None
    assert (measured.ending.workers, measured.ending.lost, measured.total.errors) == (1, 0, {})
    assert measured.of().count > 0
    assert platform.tokens == {"Bearer wk_its_own"}
    assert (ended[0].intervals, ended[0].ending is not None) == ([], True)


def test_a_master_waits_for_its_workers_only_so_long(address: str) -> None:
    crew = Crew("master", address, workers=2, wait_s=1.0)
    with pytest.raises(WattosError) as caught:
        generate(models("http://127.0.0.1:9", crew=crew), ENVIRON, time.sleep)
    assert caught.value.message == f"0 of 2 workers came to {address} within 1 s"
    assert f"wattos loadtest SCENARIO --worker {address}" in caught.value.hint


def test_a_master_tells_how_many_workers_have_come(address: str) -> None:
    master = models("http://127.0.0.1:9", crew=Crew("master", address, workers=2))
    worker = models("", crew=Crew("worker", address))
    with started(master, ENVIRON) as running, started(worker, ENVIRON):
        while running.running and not running.measured.workers:
            time.sleep(0.1)
            assert running.poll() == []
        assert running.measured.workers == 1


def test_a_worker_looks_for_its_master_only_so_long(address: str) -> None:
    with pytest.raises(WattosError, match=f"no master answers at {address}"):
        generate(models("", crew=Crew("worker", address, wait_s=1.0)), ENVIRON, time.sleep)
