"""`wattos loadtest --baseline`: what is refused before a run, what a run is held against after it."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.http import FakeHttp
from tests.fakes.loadtest.generation import FakeLoad, second
from wattos_cli.commands.loadtest import run as command
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError

HOST = "http://other:1"
OPTIONS = Options(host=HOST, thresholds=("p95<1s",), json_file=Path("now.json"), quiet=True)


@pytest.fixture
def deps(tmp_path: Path) -> Deps:
    http = FakeHttp()
    http.answer(HOST, "/health/liveness", {})
    return make_deps(cwd=tmp_path, http=http)


def run_of(seed: int, slower: float = 1.0, seconds: int = 40) -> FakeLoad:
    rng = Random(seed)
    return FakeLoad(
        [second(at, *(slower * rng.lognormvariate(3, 0.4) for _ in range(50))) for at in range(seconds)]
    )


def make_baseline(deps: Deps, options: Options = OPTIONS, seconds: int = 40) -> None:
    assert (
        command.run(
            replace(options, json_file=Path("main.json")), deps, start=run_of(1, seconds=seconds).start
        )
        == 0
    )


def against(options: Options = OPTIONS) -> Options:
    return replace(options, baseline=Path("main.json"))


@pytest.mark.parametrize(
    ("slower", "code", "verdict"),
    [
        (1.0, ExitCode.OK, "no_regression"),
        (1.3, ExitCode.NO, "regression"),
        (0.7, ExitCode.OK, "no_regression"),
    ],
    ids=["equal", "slower", "faster"],
)
def test_a_run_that_is_slower_than_its_baseline_fails(
    deps: Deps, slower: float, code: ExitCode, verdict: str
) -> None:
    make_baseline(deps)
    assert command.run(against(), deps, start=run_of(2, slower).start) == code
    result = json.loads((deps.cwd / "now.json").read_text())
    assert result["comparison"]["verdict"] == verdict
    assert result["command"] == f"wattos loadtest --host {HOST} --baseline main.json --threshold 'p95<1s'"
    slow = [
        reason
        for reason in result["reasons"]
        if reason.startswith("worse than the baseline main.json: latency p50")
    ]
    assert bool(slow) == (code == ExitCode.NO)


def refused(options: Options, deps: Deps) -> WattosError:
    load = run_of(2)
    with pytest.raises(WattosError) as caught:
        command.run(options, deps, start=load.start)
    assert load.plan is None
    return caught.value


def change(deps: Deps, **changes: str) -> None:
    file = deps.cwd / "main.json"
    result = json.loads(file.read_text())
    result["environment"]["machine"] |= changes
    file.write_text(json.dumps(result))


def test_another_machine_is_not_comparable_unless_it_is_allowed(deps: Deps) -> None:
    make_baseline(deps)
    change(deps, id="0000000000000000")
    error = refused(against(), deps)
    assert (error.code, error.exit_code) == ("baseline_not_comparable", ExitCode.UNREACHABLE)
    assert "another machine: 0000000000000000 before" in error.message
    assert "--allow-other-machine" in error.hint
    allowed = replace(against(), allow_other_machine=True)
    assert command.run(allowed, deps, start=run_of(2).start) == ExitCode.OK


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"users": 7}, "another load (users): 5 before, 7 now"),
        ({"scenario": "chat"}, "another scenario: smoke before, chat now"),
        ({"engine": "fast"}, "another engine: locust before, fast now"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_load_is_refused_before_it_runs(deps: Deps, changes: dict[str, Any], says: str) -> None:
    make_baseline(deps)
    error = refused(replace(against(), **changes), deps)
    assert (error.exit_code, says in error.message) == (ExitCode.UNREACHABLE, True)
    assert ("the scenario's code" in error.message) is False


def test_more_users_are_all_that_differs_when_there_are_more_users(deps: Deps) -> None:
    make_baseline(deps, replace(OPTIONS, users=2, spawn_rate=1.0))
    reasons = refused(replace(against(), users=3, spawn_rate=1.0), deps).details["reasons"]
    assert reasons == ["another load (users): 2 before, 3 now"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (replace(OPTIONS, duration_s=5), "at most 5 s"),
        (replace(OPTIONS, duration_s=9.5), "at most 9.5 s"),
        (replace(OPTIONS, duration_s=20, users=60, spawn_rate=5.0), ""),
        (replace(OPTIONS, duration_s=20, users=65, spawn_rate=5.0), "at most 9 s"),
        (replace(OPTIONS, duration_s=20, users=3, spawn_rate=0.1), "at most 1 s"),
        (replace(OPTIONS, duration_s=10, users=5, spawn_rate=5.0), ""),
        (replace(OPTIONS, duration_s=10, users=10, spawn_rate=5.0), ""),
        (replace(OPTIONS, duration_s=9, rate="5"), "at most 9 s"),
        (replace(OPTIONS, duration_s=10, rate="5"), ""),
        (replace(OPTIONS, stages="5s:5,4s:1"), "at most 9 s"),
        (replace(OPTIONS, stages="5s:5,5s:1"), ""),
    ],
)
def test_a_run_that_is_sure_to_be_too_short_is_refused_before_it_begins(
    deps: Deps, asked: Options, told: str
) -> None:
    make_baseline(deps, asked)
    if not told:
        assert command.run(against(asked), deps, start=run_of(2).start) in {ExitCode.OK, ExitCode.NO}
        return
    error = refused(against(asked), deps)
    assert error.exit_code == ExitCode.UNREACHABLE
    assert error.details["reasons"] == [f"the run has {told} under full load, 10 are needed: run it longer"]
    assert error.hint.startswith("let the run be longer")


def test_a_baseline_that_is_none_is_told_before_anything_runs(deps: Deps) -> None:
    assert refused(against(), deps).exit_code == ExitCode.USAGE
    (deps.cwd / "main.json").write_text("{}")
    assert "names no schema" in refused(against(), deps).message
    assert refused(replace(OPTIONS, allow_other_machine=True), deps).exit_code == ExitCode.USAGE


def test_a_baseline_that_is_too_short_is_refused(deps: Deps) -> None:
    make_baseline(deps, seconds=5)
    assert (
        "the baseline has 5 intervals with requests under full load, 10 are needed"
        in refused(against(), deps).message
    )


def test_a_run_that_turned_out_too_short_is_told_and_then_refused(deps: Deps) -> None:
    make_baseline(deps)
    with pytest.raises(WattosError, match="the run has 5 intervals") as caught:
        command.run(against(), deps, start=run_of(2, seconds=5).start)
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert "smoke: pass, 250 requests" in out(deps) + err(deps)
    assert json.loads((deps.cwd / "now.json").read_text())["comparison"] is None
