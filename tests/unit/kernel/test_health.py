"""How checks become a verdict: thresholds, critical edges, hung dependencies."""

import asyncio

import pytest

from tests.fakes.kernel.meter import FakeLog
from wattos_platform.contracts.health import CheckResult
from wattos_platform.kernel.health import Check, HealthMonitor


class Dependency:
    def __init__(self, *, up: bool = True) -> None:
        self.up = up

    async def ping(self) -> str | None:
        if not self.up:
            raise ConnectionError("refused")
        return "fine"


def monitor(**dependencies: tuple[Dependency, bool]) -> HealthMonitor:
    health = HealthMonitor(monotonic=lambda: 0.0)
    for name, (dependency, critical) in dependencies.items():
        health.add(Check(name, dependency.ping, critical=critical))
    return health


async def passes(health: HealthMonitor, name: str, times: int) -> None:
    for _ in range(times):
        await health.run_once(name)


async def test_one_failure_warns_three_fail_and_two_passes_recover() -> None:
    dependency = Dependency()
    health = monitor(db=(dependency, True))
    await passes(health, "db", 1)
    dependency.up = False
    seen = []
    for _ in range(3):
        await health.run_once("db")
        seen.append(health.results()["db"].status)
    assert seen == ["degraded", "degraded", "down"]
    dependency.up = True
    await passes(health, "db", 1)
    assert health.results()["db"].status == "down"
    await passes(health, "db", 1)
    assert health.results()["db"].status == "up"


@pytest.mark.parametrize(("up", "told"), [(True, "up"), (False, "down")])
async def test_the_first_result_is_told_and_later_only_changes(up: bool, told: str) -> None:
    changes: list[tuple[str, str]] = []
    health = monitor(db=(Dependency(up=up), True))
    health.on_change = lambda name, status, _message: changes.append((name, status))
    await passes(health, "db", 4)
    assert changes == [("db", told)]


@pytest.mark.parametrize(
    ("critical_up", "optional_up", "expected"),
    [
        pytest.param(True, True, "healthy", id="all-up"),
        pytest.param(True, False, "degraded", id="optional-down"),
        pytest.param(False, True, "unhealthy", id="critical-down"),
    ],
)
async def test_status_follows_the_critical_checks(critical_up, optional_up, expected) -> None:
    health = monitor(db=(Dependency(up=critical_up), True), rag=(Dependency(up=optional_up), False))
    health.started = True
    for name in ("db", "rag"):
        await health.run_once(name)
    assert health.status() == expected
    assert health.ready() is (expected != "unhealthy")


async def test_what_is_refused_degrades_and_is_told_in_place_of_the_check() -> None:
    health = monitor(llm=(Dependency(), True))
    await passes(health, "llm", 1)
    health.started = True
    by_order = CheckResult(status="down", critical=False, response_time_ms=0, age_s=0, message="by order")
    health.refused = lambda: {"llm": by_order}
    assert (health.status(), health.ready(), health.results()["llm"]) == ("degraded", True, by_order)
    health.refused = dict
    assert (health.status(), health.results()["llm"].message) == ("healthy", "fine")


def test_nothing_configured_is_healthy() -> None:  # defect-32: an unset Redis is not a degraded one
    assert HealthMonitor().status() == "healthy"


async def test_a_hung_dependency_delays_no_other_check_and_no_answer() -> None:  # defect-31
    async def hang() -> str | None:
        await asyncio.Event().wait()
        return None

    health = HealthMonitor()
    health.add(Check("hung", hang, timeout_s=0.01))
    health.add(Check("fine", Dependency().ping))
    await health.start()
    assert health.results()["fine"].status == "up"
    assert health.results()["hung"].message == "no answer within 0.01 s"
    assert health.status() == "degraded"
    await health.stop()


async def test_draining_is_not_ready_though_healthy() -> None:
    health = HealthMonitor()
    await health.start()
    assert health.ready()
    health.draining = True
    assert not health.ready()
    await health.stop()


async def test_a_check_outlives_whoever_is_told_of_it_and_its_end_is_silent() -> None:
    dependency, log, told = Dependency(), FakeLog(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        await asyncio.sleep(0)

    def changed(_name: str, status: str, _message: str | None) -> None:
        if status == "degraded":
            raise ValueError("cannot be told")
        if status == "down":
            told.set()

    health = HealthMonitor(log=log, on_change=changed, sleep=sleep)
    health.add(Check("db", dependency.ping, critical=True))
    await health.start()
    assert health.ready()
    dependency.up = False
    async with asyncio.timeout(60):
        await told.wait()
    assert not health.ready(), "a check that stood still would be ready for ever"
    await health.stop()
    assert log.failures() == [("health:db", "cannot be told")]
