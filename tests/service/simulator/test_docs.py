"""The page of the simulator says what the simulator does: its tables are complete, its requests are taken."""

import json
import re
from pathlib import Path

import pytest

from wattos_platform.contracts.simulator_faults import FaultRequest, Targeted
from wattos_platform.services.simulator.domain.behaviour import Behaviour

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "services" / "simulator.md").read_text(
    encoding="utf-8"
)
REQUESTS = re.findall(r"^```text\n(GET|PUT|POST) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
KINDS = {
    kind.model_fields["kind"].annotation.__args__[0]: kind
    for kind in FaultRequest.model_fields["root"].annotation.__args__
}


def rows(heading: str) -> dict[str, list[str]]:
    """Return the cells of the first table below a heading, by what stands in the first."""
    table = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


async def test_every_behaviour_is_documented_with_its_default():
    described = rows("Behaviour")
    assert set(described) == set(Behaviour.model_fields)
    for name, field in Behaviour.model_fields.items():
        if field.default is not None:
            shown = (
                json.dumps(field.default)
                if isinstance(field.default, bool)
                else f"{field.default:g}"
                if isinstance(field.default, float)
                else str(field.default)
            )
            assert described[name][0].strip("`") == shown


async def test_every_fault_is_documented_with_its_own_fields():
    described = rows("Faults")
    assert set(described) == set(KINDS)
    for name, kind in KINDS.items():
        own = set(kind.model_fields) - set(Targeted.model_fields) - {"kind"}
        assert own <= set(re.findall(r"`(\w+)`", described[name][0])), name


@pytest.mark.parametrize(
    ("method", "path", "body"), REQUESTS, ids=[f"{method} {path}" for method, path, _ in REQUESTS]
)
async def test_every_request_of_the_page_is_taken(sim, method, path, body):
    answer = await sim.running.public.request(method, path, content=body.strip() or None)
    assert answer.is_success, answer.text


async def test_there_are_requests():
    assert len(REQUESTS) == 5
