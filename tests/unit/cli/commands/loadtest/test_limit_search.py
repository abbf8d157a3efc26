"""--find-limit against targets whose limit is known, on a clock that only sleeping moves."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.cli.deps import FakeTime, err, make_deps, out
from tests.fakes.cli.http import FakeHttp
from tests.fakes.loadtest.generation import NAME, FakeLoad, second
from tests.fakes.loadtest.loaded_platform import LoadedPlatform
from tests.fakes.loadtest.measured_runs import measured_run
from wattos_cli.commands.loadtest import run as command
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.judging.limit import Search, Step, knee, search, step_of
from wattos_cli.loadtest.judging.verdict import Verdict
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.requests import Requests
from wattos_cli.loadtest.plan import Plan
from wattos_cli.logstore.instants import rfc3339

HOST = "http://other:1"


def step(rate: float, limit: float, saturated_from: float = 1e9) -> Step:
    """Return what a target with a limit shows: it slows down towards it (M/M/1), and above it fails."""
    p95 = 10 / (1 - min(rate / limit, 0.99))
    verdict: Verdict = "invalid" if rate >= saturated_from else "pass" if rate <= limit else "fail"
    return Step(rate, min(rate, limit), p95 / 2, p95, p95 * 1.5, 0.0, verdict, why="it was slow")


@given(st.floats(1, 90_000), st.floats(1, 1000))
def test_the_limit_is_found_within_five_per_cent_and_from_below(limit: float, start: float) -> None:
    found = Search()
    search(start, 100_000, lambda rate: step(rate, limit), found)
    if found.held is None:
        assert found.ended.startswith("not even")
        assert found.crossed is not None
        assert limit < found.crossed <= start / 64
        return
    assert limit / 1.06 <= found.held <= limit
    assert len(found.steps) <= 30


def test_a_saturated_generator_ends_the_search() -> None:
    found = Search()
    search(10, 100_000, lambda rate: step(rate, 1000, saturated_from=100), found)
    assert (found.held, found.crossed, found.inconclusive) == (80, None, True)
    assert found.ended == "the search ends at 160/s, where nothing valid could be measured: it was slow"


def test_one_hiccup_does_not_bound_the_search() -> None:
    upset = 40.0

    def attempt(rate: float) -> Step:
        nonlocal upset
        if rate == upset:
            upset = 0.0
            return replace(step(rate, 1000), verdict="fail")
        return step(rate, 1000)

    found = Search()
    search(10, 100_000, attempt, found)
    assert found.held is not None
    assert 1000 / 1.06 <= found.held <= 1000
    assert [one.rate for one in found.steps][:6] == [10, 20, 40, 40, 80, 160]
    assert [one.rate for one in found.steps].count(1280) == 2


def test_an_interrupt_ends_the_search_and_keeps_what_was_tried() -> None:
    found = Search()
    search(10, 100_000, lambda rate: step(rate, 1000) if rate < 50 else None, found)
    assert ([one.rate for one in found.steps], found.ended) == ([10, 20, 40], "interrupted")


def test_the_knee_is_where_latency_begins_to_climb() -> None:
    rates = [100, 200, 300, 400, 500, 600, 700]
    p95s = [10, 10, 11, 12, 14, 60, 200]
    steps = [Step(rate, rate, 1, p95, 1, 0, "pass") for rate, p95 in zip(rates, p95s, strict=True)]
    assert knee(steps) == 500
    assert knee(steps[:2]) is None
    assert knee([Step(rate, rate, 1, 10, 1, 0, "pass") for rate in rates]) is None


class Target:
    """Answers up to `limit` arrivals a second in 10 to 100 ms, the closer to it the slower.

    Above `refuses_from` a rate limiter refuses what is more.
    """

    def __init__(
        self, time: FakeTime, limit: float, saturated_from: float = 1e9, refuses_from: float = 1e9
    ) -> None:
        self.time, self.limit, self.saturated_from = time, limit, saturated_from
        self.refuses_from = refuses_from
        self.plans: list[Plan] = []

    @contextmanager
    def start(self, plan: Plan, environ: Mapping[str, str]) -> Iterator[FakeLoad]:
        self.plans.append(plan)
        assert plan.arrivals is not None
        rate = plan.arrivals.start
        saturated = ["it is slow"] if rate >= self.saturated_from else []
        seconds = [self._second(at, rate) for at in range(int(plan.duration_s))]
        with FakeLoad(seconds, saturated=saturated, time=self.time).start(plan, environ) as load:
            yield load

    def _second(self, at: int, rate: float) -> Interval:
        served = min(rate, self.limit, self.refuses_from)
        refused = max(0, int(min(rate, self.limit) - served))
        latency_ms = min(1000.0, 10 / (1 - min(served / self.limit, 0.9999)))
        interval = second(at, *[latency_ms] * max(1, int(served)), failures=refused)
        interval.requests[NAME].statuses = {"200": max(1, int(served)), "429": refused}
        interval.due, interval.dropped = int(rate), int(rate) - int(served) - refused
        return interval


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def deps(tmp_path: Path, time: FakeTime) -> Deps:
    http = FakeHttp()
    http.answer(HOST, "/health/liveness", {})
    return make_deps(cwd=tmp_path, http=http, time=time)


def options(**changes: Any) -> Options:
    given: dict[str, Any] = {
        "host": HOST,
        "find_limit": True,
        "thresholds": ("p95<100ms",),
        "json_file": Path("r.json"),
    }
    return Options(**{**given, **changes})


def result(deps: Deps) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((deps.cwd / "r.json").read_text())
    return found


def test_the_largest_rate_that_holds_the_thresholds(deps: Deps, time: FakeTime) -> None:
    target = Target(time, limit=300)  # p95 crosses 100 ms at 90 % of it
    assert command.run(options(rate="20"), deps, start=target.start) == ExitCode.OK
    limit = result(deps)["limit"]
    assert 270 / 1.06 <= limit["rate"] <= 270
    assert [one["rate"] for one in limit["steps"]] == sorted(
        plan.arrivals.start for plan in target.plans if plan.arrivals
    )
    assert {one["verdict"] for one in limit["steps"]} == {"pass", "fail"}
    assert (target.plans[0].engine, target.plans[0].duration_s) == ("fast", 15)
    assert result(deps)["load"]["arrivals"]["stages"][0]["rate"] == limit["rate"]
    assert "20/s: pass, 20/s begun, p95 11 ms" in err(deps)
    assert "missed: p95<100ms" in err(deps)


def test_a_generator_that_is_the_limit_itself_is_no_limit(deps: Deps, time: FakeTime) -> None:
    target = Target(time, limit=3000, saturated_from=300)
    assert command.run(options(), deps, start=target.start) == ExitCode.UNREACHABLE
    found = result(deps)
    assert found["verdict"] == "invalid"
    assert found["limit"]["rate"] == 160
    (why,) = found["reasons"]
    assert why.startswith("the search ends at 320/s, where nothing valid could be measured: ")
    assert why.endswith("the load generator was saturated, what it measured is its own slowness: it is slow")


@pytest.mark.parametrize("saturated_from", [1e9, 160], ids=["", "and the generator is slow"])
def test_what_rate_limits_refuse_ends_the_search_and_what_held_is_the_answer(
    deps: Deps, time: FakeTime, saturated_from: float
) -> None:
    target = Target(time, limit=3000, refuses_from=100, saturated_from=saturated_from)
    opts = options(thresholds=("errors:rate<1%",))
    assert command.run(opts, deps, start=target.start) == ExitCode.OK
    found = result(deps)
    assert (found["verdict"], found["limit"]["rate"], found["failures"]) == ("pass", 80, 0)
    assert [one["rate"] for one in found["limit"]["steps"]] == [10, 20, 40, 80, 160]
    assert found["reasons"] == [
        (
            "the search ends at 160/s: 900 of 2400 requests were refused by rate limits (429); to load more,"
            " raise them: [limits.tenants.loadtest] in wattos.toml, then: wattos config reload"
        )
    ]
    told = out(deps)
    assert "the largest rate that held: 80/s" in told
    assert found["reasons"][0] in told


def test_the_first_rate_that_rate_limits_refuse_says_so(deps: Deps, time: FakeTime) -> None:
    target = Target(time, limit=3000, refuses_from=5)
    opts = options(thresholds=("errors:rate<1%",))
    assert command.run(opts, deps, start=target.start) == ExitCode.NO
    found = result(deps)
    assert (found["limit"]["rate"], len(found["limit"]["steps"])) == (None, 1)
    assert found["reasons"] == [
        (
            "75 requests were refused by rate limits (429): "
            "use fewer users, or let them: [limits.tenants.loadtest] in wattos.toml"
        )
    ]


@pytest.mark.parametrize(
    ("refused", "verdict", "ended", "limited"),
    [
        (9, "fail", True, ""),
        (10, "fail", True, "10 of 1000 requests were refused by rate limits (429)"),
        (10, "invalid", True, "10 of 1000 requests were refused by rate limits (429)"),
        (10, "invalid", False, ""),  # the generator broke off
        (500, "pass", True, ""),
    ],
)
def test_rate_limits_are_why_a_rate_does_not_hold_if_they_refuse_enough(
    refused: int, verdict: Verdict, ended: bool, limited: str
) -> None:
    statuses = {"200": 1000 - refused, "429": refused}
    requests = Requests(NAME, count=1000, failures=refused, statuses=statuses)
    found = step_of(100, measured_run(requests, ended=ended), verdict)
    assert found.limited.partition(";")[0] == limited


def test_ctrl_c_between_two_runs_keeps_what_was_tried(deps: Deps, time: FakeTime) -> None:
    target = Target(time, limit=300)

    def sleep(seconds: float) -> None:
        if seconds > 1 and len(target.plans) == 3:
            raise KeyboardInterrupt
        time.sleep(seconds)

    with pytest.raises(KeyboardInterrupt):
        command.run(options(), replace(deps, sleep=sleep), start=target.start)
    found = result(deps)
    assert (found["verdict"], found["reasons"]) == ("invalid", ["interrupted"])
    assert [one["rate"] for one in found["limit"]["steps"]] == [10, 20, 40]


def test_a_generator_that_fails_later_on_keeps_what_was_tried(deps: Deps, time: FakeTime) -> None:
    target = Target(time, limit=300)

    @contextmanager
    def start(plan: Plan, environ: Mapping[str, str]) -> Iterator[FakeLoad]:
        if len(target.plans) == 2:
            raise WattosError("there is no room for it")
        with target.start(plan, environ) as load:
            yield load

    assert command.run(options(), deps, start=start) == ExitCode.UNREACHABLE
    assert result(deps)["reasons"] == ["there is no room for it"]


def test_the_result_has_the_changes_of_breakers_of_its_own_time_alone(tmp_path: Path, time: FakeTime) -> None:
    platform, target = LoadedPlatform(tmp_path), Target(time, limit=300)

    @contextmanager
    def start(plan: Plan, environ: Mapping[str, str]) -> Iterator[FakeLoad]:
        with target.start(plan, environ) as load:
            assert plan.arrivals is not None
            platform.change(rfc3339(time.now + 2), f"opens at {plan.arrivals.start:g}/s")
            yield load

    deps = make_deps(cwd=tmp_path, http=platform, time=time)
    assert command.run(options(host=None, rate="20"), deps, start=start) == ExitCode.OK
    found = result(deps)
    assert len(platform.changes) == len(found["limit"]["steps"])
    assert platform.changes[-1]["name"] != f"opens at {found['limit']['rate']:g}/s"
    assert [(one["name"], one["at_s"]) for one in found["breakers"]] == [
        (f"opens at {found['limit']['rate']:g}/s", pytest.approx(2, abs=0.5))
    ]


def test_a_target_that_holds_nothing_fails(deps: Deps, time: FakeTime) -> None:
    target = Target(time, limit=1)
    assert command.run(options(rate="500"), deps, start=target.start) == ExitCode.NO
    assert result(deps)["limit"]["rate"] is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rate": "10..20"}, "--find-limit begins at one rate"),
        ({"stages": "1m:5"}, "--find-limit and --stages contradict each other"),
        ({"ui": True}, "--find-limit and --ui contradict each other"),
        ({"rate": "0"}, "--rate: expected a rate of more than 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_search_that_makes_no_sense_is_refused(deps: Deps, changes: dict[str, object], says: str) -> None:
    with pytest.raises(WattosError) as caught:
        command.run(options(**changes), deps)
    assert (caught.value.exit_code, says in caught.value.message) == (ExitCode.USAGE, True)
