"""All breakers of a process: found, bounded, counted, told."""

import pytest

from tests.fakes.breaker_calls import fail, refused, succeed
from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeLog, FakeMeter
from wattos_platform.kernel.resilience.breaker import BreakerRegistry, BreakerSettings


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def events():
    return []


@pytest.fixture
def meter():
    return FakeMeter()


@pytest.fixture
def log():
    return FakeLog()


@pytest.fixture
def registry(clock, meter, log, events):
    return BreakerRegistry(
        BreakerSettings(jitter=0), clock=clock, meter=meter, log=log, on_event=events.append, cap=3
    )


@pytest.mark.parametrize("name", [pytest.param("hop:rag", id="defect-45")])
def test_the_registry_counts_shows_and_tells(registry, meter, log, events, name):
    breaker = registry.get(name)
    assert registry.get(name) is breaker
    succeed(breaker, 2)
    fail(breaker, 5)
    refused(breaker)
    registry.publish()
    registry.publish()

    assert meter.total("circuit_breaker_calls_total", name=name, outcome="success") == 2
    assert meter.total("circuit_breaker_calls_total", name=name, outcome="failure") == 5
    assert meter.total("circuit_breaker_not_permitted_total", name=name) == 1
    assert meter.total("circuit_breaker_transitions_total", name=name, cause="consecutive_failures") == 1
    assert meter.total("circuit_breaker_state", name=name) == 1
    assert meter.total("circuit_breaker_state", name=name, state="open") == 1
    assert meter.total("circuit_breaker_failure_rate", name=name) == pytest.approx(5 / 7)
    assert [(level, event) for level, event, _ in log.events] == [("warning", "breaker.opened")]
    assert events[0].name == name
    assert [shown.name for shown in registry.snapshots()] == [name]


def test_the_registry_is_bounded_and_keeps_what_is_open(registry):
    fail(registry.get("a"), 5)
    for name in "bcd":
        registry.get(name)
    assert registry.find("a") is not None
    assert registry.find("b") is None
