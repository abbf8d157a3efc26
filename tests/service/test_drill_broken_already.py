"""What a drill left that was killed is named to the next one, with what ends it; against real services."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from tests.fakes.cli.deps import make_deps
from tests.fakes.drills.files import OUTAGE
from tests.fakes.drills.real_services import BREAKER, rag_and_simulator
from wattos_cli.clients.breaker_orders import Order, give
from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.faults.fault import FaultTarget
from wattos_cli.drills.files.reading import read_drill
from wattos_cli.drills.runner import broken_already
from wattos_cli.errors import ExitCode, WattosError

TRIPPING = OUTAGE.replace(
    '"simulator"\nrequest = { kind = "status", status = 503 }', f'"breaker"\nname = "{BREAKER}"'
)


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    (tmp_path / "mine.toml").write_text(OUTAGE)
    return read_drill(tmp_path / "mine.toml")


@pytest.fixture
def other(tmp_path: Path) -> Drill:
    (tmp_path / "other.toml").write_text(TRIPPING)
    return read_drill(tmp_path / "other.toml")


def refused(drill: Drill, place: FaultTarget) -> WattosError:
    with pytest.raises(WattosError) as caught:
        broken_already.check([drill], place.deps, place.project)
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "broken_already")
    return caught.value


async def test_faults_and_trips_are_named_until_they_are_ended(
    tmp_path: Path, drill: Drill, other: Drill
) -> None:
    async with rag_and_simulator(tmp_path) as (project, url):
        place = FaultTarget(make_deps(cwd=tmp_path, http=PlainHttp()), project)

        def killed(each: Drill) -> None:
            for form in each.fault:
                form.fault(place).apply(600.0)

        def hold() -> None:
            broken_already.check([drill, other], place.deps, place.project)

            killed(drill)
            found = refused(drill, place)
            assert re.search(r": every provider: status 503 for another \d+ s$", found.message)
            assert found.hint.endswith(f"curl -s -X DELETE {url}/simulator/faults")
            broken_already.check(
                [other], place.deps, place.project
            )  # what does not use the simulator may run
            httpx.delete(f"{url}/simulator/faults").raise_for_status()
            broken_already.check([drill], place.deps, place.project)

            killed(other)
            found = refused(drill, place)
            assert re.search(f": breaker {BREAKER} is tripped in rag-0 for another \\d+ s$", found.message)
            assert f"wattos breaker reset {BREAKER} --reason" in found.hint
            give(place.deps, Order("reset", BREAKER, "a test"))
            broken_already.check([drill, other], place.deps, place.project)

            give(place.deps, Order("trip", BREAKER, "maintenance, by a person", 600.0))
            broken_already.check([drill, other], place.deps, place.project)

        await asyncio.to_thread(hold)
