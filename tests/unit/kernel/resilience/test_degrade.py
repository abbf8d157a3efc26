"""Doing without a dependency: what is caught, counted, logged and marked, and what is not."""

import asyncio
import json
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.meter import FakeLog, FakeMeter
from tests.fakes.kernel.runtime import make_runtime
from tests.fakes.services.server import served
from wattos_platform.kernel import context
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops.errors import HopError, HopUnavailable, failed_by, malformed
from wattos_platform.kernel.resilience.breaker import BreakerOpen
from wattos_platform.kernel.resilience.concurrency import Shed
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded
from wattos_platform.kernel.resilience.degrade import Degradation, Degradations, is_outage
from wattos_platform.kernel.service import ServiceSpec, build_service


class House:
    def __init__(self) -> None:
        self.clock, self.meter, self.log = FakeClock(), FakeMeter(), FakeLog()
        self.all = Degradations(meter=self.meter, log=self.log, monotonic=self.clock)
        self.rag: Degradation = self.all.of("rag", "Answering without documents.", failed_by("rag"))
        self.request = context.RequestContext("request-1", "ab" * 16, "cd" * 8, deadline=0)

    @property
    def counted(self) -> float:
        return self.meter.total("degraded_total", dependency="rag")

    @property
    def events(self) -> list[str]:
        return [event for _, event, _ in self.log.events]


@pytest.fixture
async def house() -> House:
    return House()


DOWN = HopUnavailable("rag", "refused")


async def use(house: House, error: BaseException | None) -> tuple[str, ...]:
    """Use rag in a request of its own."""
    house.request = context.RequestContext("request-1", "ab" * 16, "cd" * 8, deadline=0)
    context.enter(house.request)
    with house.rag.without() as used:
        if error is not None:
            raise error
    assert used.error is error
    return used.degraded


async def test_its_failure_is_counted_logged_and_marked(house: House) -> None:
    assert await use(house, DOWN) == ("rag",)
    assert house.counted == 1
    level, event, fields = house.log.events[0]
    assert (level, event, fields["dependency"], fields["answers"]) == (
        "warning",
        "dependency.degraded",
        "rag",
        1,
    )
    assert fields["reason"] == DOWN.message
    assert house.request.degraded == ("rag",)


async def test_success_leaves_no_trace(house: House) -> None:
    assert await use(house, None) == ()
    assert (house.counted, house.events, house.request.degraded) == (0, [], ())


@pytest.mark.parametrize(
    "error",
    [
        KeyError("a bug"),
        ValueError("a bug"),
        HopError("rag", 404, "not_found", "no such space"),
        HopError("rag", 422, "invalid", "the caller's"),
        HopUnavailable("llm-gateway", "refused"),
        ServiceError(503, "database_unavailable", "our own"),
        DeadlineExceeded("rag could be asked"),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
    ],
    ids=lambda error: f"{type(error).__name__}-{getattr(error, 'status', '')}",
)
async def test_what_is_not_its_failure_goes_on_as_it_is(house: House, error: BaseException) -> None:
    with pytest.raises(type(error)):
        await use(house, error)
    assert (house.counted, house.events) == (0, [])


@pytest.mark.parametrize(
    "error",
    [
        HopUnavailable("rag", "timeout"),
        HopUnavailable("rag", "breaker_open"),
        HopUnavailable("rag", "overloaded"),
        HopError("rag", 500, "internal_error", "m"),
        HopError("rag", 429, "rate_limited", "m"),
        HopError("rag", 401, "identity_missing", "it does not believe us"),
        malformed("rag", "search result"),
    ],
    ids=lambda error: f"{type(error).__name__}-{error.code}",
)
async def test_what_is(house: House, error: ServiceError) -> None:
    assert await use(house, error) == ("rag",)


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (BreakerOpen("llm:x", 1), True),
        (Shed("llm:x"), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (OSError(28, "disk full"), False),
        (ServiceError(400, "bad", "m"), False),
    ],
    ids=lambda value: repr(value),
)
def test_an_outage_in_general(error: Exception, outage: bool) -> None:
    assert is_outage(error) is outage


async def test_the_log_tells_an_outage_once_a_minute_and_its_end(house: House) -> None:
    for _ in range(100):
        await use(house, DOWN)
    house.clock.advance(61)
    for _ in range(3):
        await use(house, DOWN)
    await use(house, None)
    await use(house, None)
    assert house.counted == 103
    assert house.events == ["dependency.degraded", "dependency.degraded", "dependency.recovered"]
    assert [fields["answers"] for _, _, fields in house.log.events] == [1, 100, 2]


async def test_a_dependency_that_comes_and_goes_does_not_fill_the_log(house: House) -> None:
    for _ in range(50):
        await use(house, DOWN)
        await use(house, None)
        house.clock.advance(0.1)
    assert house.events == ["dependency.degraded", "dependency.recovered"]


async def test_a_name_is_given_once(house: House) -> None:
    with pytest.raises(ValueError, match="rag"):
        house.all.of("rag", "again")
    assert house.all.names() == {"rag"}


async def test_the_answer_bears_the_mark_and_the_next_one_does_not(tmp_path: Path) -> None:
    runtime = make_runtime("chat", tmp_path, lines=(lines := []))
    rag, mail = (runtime.degradations.of(name, "m") for name in ("rag", "mail"))
    missed = [rag, mail, rag]

    async def answer(_request: Request) -> JSONResponse:
        for dependency in missed:
            with dependency.without():
                raise ConnectionError
        return JSONResponse({})

    spec = ServiceSpec(routes=[Route("/x", answer)], identity_required=False)
    async with served(build_service(runtime, spec), tmp_path) as service:
        assert (await service.public.get("/x")).headers["x-wattos-degraded"] == "rag, mail"
        missed.clear()
        assert "x-wattos-degraded" not in (await service.public.get("/x")).headers
        shown = (await service.public.get("/metrics")).text
    assert 'degraded_total{dependency="rag"} 1.0' in shown
    told = [json.loads(line) for line in lines if b"dependency.degraded" in line]
    assert [line["dependency"] for line in told] == ["rag", "mail"]
