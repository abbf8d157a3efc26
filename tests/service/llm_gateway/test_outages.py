"""A provider that is down costs five failures and then nothing, until one caller may try it again.

What arrives is counted by the simulator; the breakers' clock moves only when a test says so.
"""

import asyncio
import time

import pytest

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.loop_steps import Steps, counted_steps
from tests.fakes.llm.outage import ASKS, BACKUP, MODEL, PRIMARY, Outage, outage
from tests.fakes.llm.service import IDENTITY, SILENCE
from tests.fakes.network.asgi_call import AsgiCall
from wattos_platform.kernel.resilience.breaker import Action, BreakerSettings, Order, State

THRESHOLD = 5
EXPLICIT = f"{PRIMARY}/{MODEL}"
MOMENT_S = 0.001
dead = pytest.mark.parametrize(
    ("kind", "house"),
    [("status", {}), ("refuse", {}), ("hang", SILENCE)],
    ids=["503", "refused", "hanging"],
    indirect=["house"],
)
SPECS = {"status": {"status": 503}, "refuse": {}, "hang": {}}


@pytest.fixture
async def house(request, tmp_path):
    async with outage(tmp_path, environ=getattr(request, "param", None)) as running:
        yield running


async def opened(house: Outage, kind: str) -> None:
    """Kill the primary provider and ask until its breaker is open."""
    await house.kill(kind, **SPECS[kind])
    for _ in range(THRESHOLD):
        assert (await house.ask()).headers["x-wattos-provider"] == BACKUP
    assert house.breaker.state is State.OPEN


def wait_s(house: Outage) -> float:
    """Return how long the breaker still refuses."""
    return house.breaker.snapshot().retry_after_s


def call_of(house: Outage, model: str) -> AsgiCall:
    """Begin a request at the gateway's app, past the server: a thousand clients would take their time."""
    path, body = ASKS["chat"]
    return AsgiCall(house.gateway.app, "POST", path, {"model": model, **body}, IDENTITY)


async def tried(house: Outage) -> int:
    """Return how often the primary provider was tried; a refused connection arrives nowhere."""
    rows = len(await house.rows())
    assert rows == house.breaker.total_failures + house.breaker.total_successes
    return rows


@dead
async def test_after_five_failures_a_dead_provider_is_left_alone_until_half_open(house, kind):
    await opened(house, kind)
    for _ in range(20):
        answer = await house.ask()
        assert (answer.status_code, answer.headers["x-wattos-provider"]) == (200, BACKUP)
    explicit = await house.ask(EXPLICIT)
    assert (explicit.status_code, explicit.json()["error"]["code"]) == (503, "provider_unavailable")
    assert 0 < int(explicit.headers["retry-after"]) <= wait_s(house) + 1
    assert await tried(house) == THRESHOLD
    assert await house.arrived() == (0 if kind == "refuse" else THRESHOLD)

    house.clock.advance(wait_s(house) - MOMENT_S)
    await house.ask()
    assert await tried(house) == THRESHOLD
    house.clock.advance(MOMENT_S)
    for _ in range(3):
        assert (await house.ask()).headers["x-wattos-provider"] == BACKUP
    assert await tried(house) == THRESHOLD + 1
    assert house.breaker.state is State.OPEN


@pytest.mark.parametrize("permits", [pytest.param(1, id="one-defect-42"), 3])
async def test_of_a_thousand_calls_at_once_exactly_the_permitted_ones_probe(tmp_path, permits):
    settings = BreakerSettings(half_open_permits=permits)
    environ = {"WATTOS_PROVIDER_TIMEOUT_S": "3"}
    async with outage(tmp_path, settings=settings, environ=environ) as house:
        await opened(house, "status")
        await house.sim.forget_faults()
        await house.sim.forget_requests()
        await house.kill("hang")
        house.clock.advance(wait_s(house))
        calls = [call_of(house, EXPLICIT) for _ in range(1000)]
        await asyncio.gather(*(call.task for call in calls))
        assert await house.arrived() == permits
        refused = [call for call in calls if b"left alone" in call.body]
        assert (len(refused), {call.status for call in calls}) == (1000 - permits, {503})

        await house.sim.forget_faults()
        house.clock.advance(wait_s(house))
        for _ in range(permits):
            assert (await house.ask()).headers["x-wattos-provider"] == PRIMARY
        assert house.breaker.state is State.CLOSED


async def steps_of(house: Outage, model: str) -> tuple[int, Steps]:
    """Return the status of one request and what it asked of the event loop."""
    with counted_steps() as steps:
        call = call_of(house, model)
        await call.task
    return call.status, steps


@dead
async def test_while_open_a_request_takes_no_step_that_it_would_not_take_while_all_is_well(house, kind):
    for model in ("any", f"{BACKUP}/{MODEL}"):  # so that each has a connection that is kept
        await house.ask(model)
    assert await steps_of(house, "any") == (200, Steps(sleeps=0, connections=0))
    fault = await house.kill("refuse")
    assert await steps_of(house, EXPLICIT) == (503, Steps(sleeps=2, connections=3))  # the steps of retries
    await house.sim.end_fault(fault)
    house.breaker.reset()
    await opened(house, kind)
    assert await steps_of(house, "any") == (200, Steps(sleeps=0, connections=0))
    assert await steps_of(house, EXPLICIT) == (503, Steps(sleeps=0, connections=0))


@pytest.mark.parametrize("calls", [pytest.param(100, id="defect-43-budget")])
async def test_at_total_failure_a_provider_sees_at_most_a_fifth_more(tmp_path, calls):
    # Time stands still: the budget is one of ten seconds, and all calls are in them on any machine.
    async with outage(tmp_path, monotonic=FakeClock(time.monotonic())) as house:
        house.breaker.obey(Order(Action.DISABLE))
        await house.kill("status", status=503)
        for _ in range(calls):
            assert (await house.ask(EXPLICIT)).status_code == 503
        arrived = await house.arrived()
        assert calls < arrived <= 1.2 * calls
        assert len(await house.rows()) == arrived


@pytest.mark.parametrize("form", [pytest.param("seconds", id="defect-43-retry-after"), "date"])
async def test_retry_after_cools_that_provider_for_exactly_that_long(house, form):
    await house.kill("rate_limit", retry_after_s=30, retry_after=form)
    limited = await house.ask(EXPLICIT)
    assert (limited.status_code, limited.json()["error"]["code"]) == (429, "provider_rate_limited")
    await house.sim.forget_faults()
    # A date has whole seconds only.
    assert abs(wait_s(house) - 30) <= (0 if form == "seconds" else 1)
    assert (await house.ask()).headers["x-wattos-provider"] == BACKUP
    house.clock.advance(wait_s(house) - MOMENT_S)
    assert (await house.ask()).headers["x-wattos-provider"] == BACKUP
    assert await house.arrived() == 1
    house.clock.advance(MOMENT_S)
    assert (await house.ask()).headers["x-wattos-provider"] == PRIMARY
    assert await house.arrived() == 2
