"""All breakers of a process: found, bounded, counted, told."""

import pytest

from tests.fakes.kernel.breaker_calls import fail, refused, succeed
from wattos_platform.kernel.metrics import Metrics
from wattos_platform.kernel.resilience.breaker import (
    Action,
    BreakerRegistry,
    BreakerSettings,
    Order,
    State,
    UnknownBreakerError,
)
from wattos_platform.kernel.resilience.breaker_events import EventRing


@pytest.fixture
def registry(clock, meter, log):
    return BreakerRegistry(
        BreakerSettings(jitter=0),
        clock=clock,
        wall_clock=lambda: 1_800_000_000.0,
        meter=meter,
        log=log,
        cap=3,
    )


async def test_the_series_of_a_breaker_go_with_it_and_leave_their_place_to_others(clock):
    metrics = Metrics("agent")
    registry = BreakerRegistry(BreakerSettings(jitter=0), clock=clock, meter=metrics, cap=2)
    for number in range(1000):
        breaker = registry.get(f"tool:{number}")
        fail(breaker, 5)
        registry.publish()

    lines = (await metrics.exposition()).decode().splitlines()
    named = [line for line in lines if 'name="tool:' in line]
    assert {line.split('name="')[1].split('"')[0] for line in named} == {"tool:998", "tool:999"}
    assert 'circuit_breaker_state{name="tool:999",state="open"} 1.0' in named
    assert not any("metric_label_sets_refused_total{" in line for line in lines)


@pytest.mark.parametrize("name", [pytest.param("hop:rag", id="defect-45")])
def test_the_registry_counts_shows_and_tells(registry, meter, log, name):
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
    assert [(kept.number, kept.at, kept.event.name) for kept in registry.events.after(0)] == [
        (1, 1_800_000_000.0, name)
    ]
    assert [shown.name for shown in registry.snapshots()] == [name]


def test_probes_that_fail_one_after_the_other_are_told_once_and_counted_each(registry, clock, meter, log):
    breaker = registry.get("redis:main")
    fail(breaker, 5)
    for _ in range(4):
        clock.advance(3600)
        fail(breaker)
    told = ["breaker.opened", "breaker.half_opened", "breaker.opened"]
    assert [event for _, event, _ in log.events] == told
    assert meter.total("circuit_breaker_transitions_total", name="redis:main", cause="probe_failed") == 4
    clock.advance(3600)
    succeed(breaker)
    assert [event for _, event, _ in log.events] == [*told, "breaker.closed"]
    fail(breaker, 5)
    clock.advance(3600)
    fail(breaker)
    assert [event for _, event, _ in log.events] == [*told, "breaker.closed", *told]


def test_the_registry_is_bounded_and_keeps_what_is_open(registry):
    fail(registry.get("a"), 5)
    for name in "bcd":
        registry.get(name)
    assert registry.find("a") is not None
    assert registry.find("b") is None


def test_what_is_declared_stays(registry):
    declared = registry.declare("hop:rag")
    for name in "abcdef":
        registry.get(name)
    assert registry.find("hop:rag") is declared
    assert len(registry.names()) == 3


def test_a_target_that_is_configured_no_longer_is_forgotten(registry, meter):
    registry.declare("hop:rag")
    registry.declare_only("llm", ["openai", "azure"])
    kept = registry.find("llm:openai")
    registry.declare_only("llm", ["openai", "google"])
    assert registry.names() == ["hop:rag", "llm:google", "llm:openai"]
    assert registry.find("llm:openai") is kept
    assert meter.total("circuit_breaker_state", name="llm:azure") == 0
    assert meter.total("circuit_breaker_state", name="llm:openai", state="closed") == 1


TRIP = Order(Action.TRIP, "drill", "ann@box", 30.0, 1_800_000_030.0)


def test_an_order_is_an_audit_line_with_who_why_and_until_when(registry, log):
    registry.declare("hop:rag")
    registry.obey("hop:rag", TRIP)
    registry.obey("hop:rag", Order(Action.RESET, "over", "bob@box"))
    (level, event, fields), (_, second, after) = log.events
    assert (level, event) == ("warning", "breaker.tripped")
    assert {name: fields[name] for name in ("breaker", "reason", "actor", "ttl_s", "expires_at")} == {
        "breaker": "hop:rag",
        "reason": "drill",
        "actor": "ann@box",
        "ttl_s": 30.0,
        "expires_at": "2027-01-15T08:00:30.000000Z",
    }
    assert (second, after["reason"], after["actor"], after["ttl_s"]) == (
        "breaker.reset",
        "over",
        "bob@box",
        None,
    )


def test_a_breaker_that_can_exist_is_made_for_an_order(registry):
    registry.admit("tool", lambda host: host.endswith(".example"), BreakerSettings(failure_threshold=2))
    breaker = registry.obey("tool:jira.example", TRIP)
    assert breaker.state is State.FORCED_OPEN
    assert breaker.settings.failure_threshold == 2
    for name in ("tool:elsewhere", "llm:openai", "nonsense"):
        with pytest.raises(UnknownBreakerError):
            registry.obey(name, TRIP)
    assert registry.names() == ["tool:jira.example"]


def test_the_ring_says_what_it_lost(registry):
    breaker = registry.get("a")
    ring = EventRing(capacity=3)
    assert (ring.after(0), ring.lost(0)) == ([], 0)
    breaker.trip()
    (event,) = registry.events.after(0)
    for second in range(5):
        ring.add(float(second), event.event)
    assert [kept.number for kept in ring.after(0)] == [3, 4, 5]
    assert [kept.number for kept in ring.after(4)] == [5]
    assert (ring.lost(0), ring.lost(1), ring.lost(2), ring.lost(5)) == (2, 1, 0, 0)
