"""A run is watched until it ends, or until there is a reason to end it before; what it shows meanwhile."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import FakeTime, err, make_deps, out
from tests.fakes.cli.http import FakeHttp
from tests.fakes.loadtest.generation import FakeLoad, second
from tests.fakes.loadtest.loaded_platform import LoadedPlatform
from wattos_cli.commands.loadtest import run as command
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.commands.loadtest.running.runner import Start
from wattos_cli.deps import Deps
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.plan import Plan

HOST = "http://other:1"
MASTER = "127.0.0.1:0"


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def deps_of(tmp_path: Path, time: FakeTime, *, terminal: bool = False) -> Deps:
    http = FakeHttp()
    http.answer(HOST, "/health/liveness", {})
    deps = make_deps(cwd=tmp_path, http=http, time=time, terminal=terminal, width=80)
    deps.console.animate = terminal
    return deps


def load_of(time: FakeTime, intervals: Sequence[Interval], **options: Any) -> FakeLoad:
    return FakeLoad(intervals, time=time, **options)


def test_a_pipe_gets_a_line_now_and_then(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(at, 10, 30, failures=int(at == 12)) for at in range(22)])
    command.run(Options(host=HOST, duration_s=20, thresholds=("p95<1s",)), deps, start=load.start)
    told = [line.strip() for line in err(deps).splitlines() if " s of 20 s" in line]
    assert [line.partition(":")[0] for line in told] == [
        "5 s of 20 s",
        "10 s of 20 s",
        "15 s of 20 s",
        "20 s of 20 s",
    ]
    assert told[0] == "5 s of 20 s: 1 user, 2.0/s, p50 10, p95 30, p99 30 ms, 0 of 10 failed"
    assert told[2].endswith("1 of 31 failed; GET /x: refused")
    assert " s of 20 s" not in out(deps)


def test_quiet_shows_nothing_while_it_runs(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(at, 10) for at in range(10)])
    command.run(Options(host=HOST, duration_s=10, quiet=True), deps, start=load.start)
    assert err(deps) == ""


def test_a_terminal_gets_a_screen_that_fits(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time, terminal=True)
    load = load_of(time, [second(at, 10, 30, failures=int(at == 2)) for at in range(8)])
    command.run(Options(host=HOST, duration_s=8), deps, start=load.start)
    *_, last, after = out(deps).split("\033[H")
    screen = last.partition("\033[J")[0].replace("\033[K", "").splitlines()
    assert max(map(len, screen)) <= 80
    assert screen[0] == "smoke: 5 users for 8 s against http://other:1"
    assert any(line.startswith("last 5 s  2.0/s      10      30      30") for line in screen)
    assert any(line.startswith("rate    ▆▆█▆▆") for line in screen)
    assert "error     GET /x: refused" in screen
    assert after.startswith("\033[JREQUEST "), "in the end the screen gives way to the table"
    assert screen[0] not in err(deps), "which it had as its title"


def test_ctrl_c_reports_what_ran(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(at, 10) for at in range(60)], raises=(7, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        command.run(Options(host=HOST, duration_s=60, json_file=Path("r.json")), deps, start=load.start)
    assert load.stops
    result = json.loads((tmp_path / "r.json").read_text())
    assert (result["verdict"], result["requests"]) == ("invalid", 6)
    assert result["reasons"] == ["interrupted after 7 s of 60 s"]
    assert "smoke: invalid, 6 requests" in out(deps)
    assert "Ctrl-C again ends at once" in err(deps)


def test_ctrl_c_while_it_finishes_is_no_longer_in_its_time(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(at, 10) for at in range(60)], raises=(8, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        command.run(Options(host=HOST, duration_s=3), deps, start=load.start)
    assert "interrupted while it finished, its 3 s were over" in out(deps)


def test_a_master_tells_whom_it_waits_for(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(at, 10) for at in range(10)], workers=(12, 25))
    options = Options(host=HOST, duration_s=10, master=MASTER, workers=2)
    assert command.run(options, deps, start=load.start) == 0
    each = f"each comes with: wattos loadtest SCENARIO --worker {MASTER}"
    told = [line.strip() for line in err(deps).splitlines() if "have come" in line]
    assert told == [
        f"0 of 2 workers have come to {MASTER}; {each}",
        f"0 of 2 workers have come to {MASTER}; {each}",
        f"1 of 2 workers have come to {MASTER}; {each}",
        "2 of 2 workers have come",
    ]


def test_a_screen_shows_whom_a_master_waits_for(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time, terminal=True)
    load = load_of(time, [second(at, 10) for at in range(10)], workers=(3,))
    command.run(Options(host=HOST, duration_s=10, master=MASTER), deps, start=load.start)
    first, *_ = out(deps).split("\033[J")
    assert f"0 of 1 workers have come to {MASTER}" in first
    assert f"each comes with: wattos loadtest SCENARIO --worker {MASTER}" in first
    assert "have come" not in err(deps)


def test_a_quiet_master_waits_without_a_word(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(at, 10) for at in range(10)], workers=(12,))
    command.run(Options(host=HOST, duration_s=10, master=MASTER, quiet=True), deps, start=load.start)
    assert err(deps) == ""


def test_ctrl_c_while_a_master_waits_is_before_the_run(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(0, 10)], workers=(2,), raises=(8, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        command.run(
            Options(host=HOST, duration_s=3, master=MASTER, workers=2, json_file=Path("r.json")),
            deps,
            start=load.start,
        )
    reasons = json.loads((tmp_path / "r.json").read_text())["reasons"]
    assert reasons[0] == f"interrupted before it began; 1 of 2 workers have come to {MASTER}"


def test_while_locusts_page_is_shown_ctrl_c_is_how_a_run_ends(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(at, 10) for at in range(60)], raises=(7, KeyboardInterrupt()))
    assert command.run(Options(host=HOST, ui=True), deps, start=load.start) == 0
    assert "Locust's page: http://127.0.0.1:8089" in err(deps)
    assert "smoke: pass, 6 requests" in out(deps)


def test_a_generator_that_broke_off_leaves_a_result(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    load = load_of(time, [second(at, 10) for at in range(5)], breaks_off=True)
    assert command.run(Options(host=HOST, duration_s=60), deps, start=load.start) == 4
    assert "the load generator broke off" in out(deps)
    assert "smoke: invalid, 5 requests in 5.0 s" in out(deps)


def test_a_target_that_dies_is_never_a_pass(tmp_path: Path, time: FakeTime) -> None:
    deps = deps_of(tmp_path, time)
    alive = [second(at, 10) for at in range(5)]
    dead = [second(at, failures=2, unanswered=2) for at in range(5, 9)]
    options = Options(host=HOST, duration_s=9, thresholds=("p95<1s",), quiet=True)
    assert command.run(options, deps, start=load_of(time, [*alive, *dead]).start) == 1
    assert f"{HOST} stopped answering 5 s after the start and did not come back" in out(deps)


def result_beside(
    platform: LoadedPlatform, tmp_path: Path, time: FakeTime, start: Start | None = None
) -> Any:
    deps = make_deps(cwd=tmp_path, http=platform, time=time, json_output=True)
    start = start or load_of(time, [second(at, 10) for at in range(12)]).start
    assert command.run(Options(duration_s=12, json_file=Path("r.json")), deps, start=start) == 0
    return json.loads((tmp_path / "r.json").read_text())


def test_breakers_that_open_meanwhile_are_shown_and_reported(tmp_path: Path, time: FakeTime) -> None:
    platform = LoadedPlatform(tmp_path)
    platform.change("2023-11-14T22:13:23.000Z")
    result = result_beside(platform, tmp_path, time)
    found = result["breakers"][0]
    assert found.pop("at_s") == pytest.approx(3, abs=0.5)
    assert found == {
        "service": "chat", "replica": 0, "name": "hop:rag", "from": "closed", "to": "open",
        "cause": "failure_rate",
    }  # fmt: skip
    assert not [reason for reason in result["reasons"] if reason.startswith("breakers:")]


def test_a_breaker_that_the_first_requests_open_is_reported(tmp_path: Path, time: FakeTime) -> None:
    platform = LoadedPlatform(tmp_path)
    platform.change("2023-11-14T22:13:19.990Z", "before")
    platform.change("2023-11-14T22:13:22.000Z", "while users prepare")
    platform.change("2023-11-14T22:13:24.000Z", "under load")
    load = load_of(time, [second(at, 10) for at in range(12)])

    @contextmanager
    def start(plan: Plan, environ: Mapping[str, str]) -> Iterator[FakeLoad]:
        time.sleep(3)
        with load.start(plan, environ):
            yield load

    changes = result_beside(platform, tmp_path, time, start)["breakers"]
    assert [change["name"] for change in changes] == ["while users prepare", "under load"]
    assert [change["at_s"] for change in changes] == [0, pytest.approx(1, abs=0.5)]


def test_changes_of_breakers_that_are_too_many_are_counted(tmp_path: Path, time: FakeTime) -> None:
    platform = LoadedPlatform(tmp_path)
    platform.lost = 3
    for _ in range(507):
        platform.change("2023-11-14T22:13:23.000Z")
    result = result_beside(platform, tmp_path, time)
    assert len(result["breakers"]) == 500
    assert [reason for reason in result["reasons"] if reason.startswith("breakers:")] == [
        "breakers: 7 later changes are left out, the first 500 told",
        "breakers: 3 changes came too fast and were missed",
    ]
