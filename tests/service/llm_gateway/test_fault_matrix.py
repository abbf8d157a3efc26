"""Every fault, at every kind of provider, streamed or not: what follows is what the page says.

A real model gateway over the real simulator on real sockets. `tests/llm_faults.py` holds the table.
"""

import pytest
import pytest_asyncio

from tests.fakes.llm.matrix import CELLS, KEY, Cell, matrix
from tests.llm_faults import FAULTS
from wattos_platform.contracts.simulator_faults import FaultRequest

pytestmark = pytest.mark.asyncio(loop_scope="module")
WORDS = 20  # of an answer of the simulator
# What upstream bodies say, and what libraries would.
UPSTREAMS_WORDS = ("simulated", "<html", "garbage>>>", "xxxxxxxx")
LIBRARIES_WORDS = (
    "Traceback", 'File "', "Error(", "Errno", "httptools", "msgspec", "zlib", "asyncio", "wattos_platform",
    "JSON is malformed", "byte 0", "incorrect header", "Expecting",
)  # fmt: skip
every_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.alone)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory):
    async with matrix(tmp_path_factory.mktemp("matrix")) as running:
        yield running


@every_cell
async def test_what_follows_is_what_the_page_says(world, cell: Cell):
    # defect-41: a caller's mistake is nothing to a breaker; defect-44: it sees every try of what failed.
    observed = await world.observed(cell)
    expected = FAULTS[cell.fault].outcome(cell.kind, stream=cell.stream)
    assert expected == observed.outcome
    assert expected.ended == observed.alone.ended
    assert [expected.row] * expected.tries == observed.rows
    # Of an alias each provider is asked once; what it left is a row, too.
    assert [expected.row] == observed.chained_rows
    # The simulator has seen what the gateway says it did; a refused connection nobody sees.
    assert observed.asked == (0 if cell.fault == "refuse" else expected.tries)


@every_cell
async def test_an_answer_is_whole_or_says_that_it_is_not(world, cell: Cell):
    for answer in ((await world.observed(cell)).alone, (await world.observed(cell)).chained):
        assert answer.ended == (not answer.error)
        if answer.ended and cell.fault not in ("no-content", "blocked"):
            assert len(answer.text.split()) == WORDS
        if cell.stream and answer.status == 200:
            assert answer.body.endswith("data: [DONE]\n\n") == answer.ended


@every_cell
async def test_nothing_leaks_into_an_answer(world, cell: Cell):
    observed = await world.observed(cell)
    secrets = (KEY, world.sim.url.removeprefix("http://"), "127.0.0.1", *LIBRARIES_WORDS)
    # A refusal is told in the provider's own words, which are meant for the caller.
    told = () if observed.outcome.row[1] == "caller_invalid" else UPSTREAMS_WORDS
    for answer in (observed.alone, observed.chained):
        shown = answer.body if answer.error else ""
        assert [word for word in (*secrets, *told) if word in shown] == []
        assert KEY not in answer.body + str(answer.headers)


async def test_nothing_leaks_into_the_log(world):
    for cell in CELLS:
        await world.observed(cell)
    log = b"".join(world.lines).decode()
    assert log.count("provider.replaced") > len(FAULTS)
    for word in (KEY, world.sim.url.removeprefix("http://"), *UPSTREAMS_WORDS, *LIBRARIES_WORDS):
        assert word not in log


async def test_every_fault_of_the_simulator_is_in_the_table():
    kinds = FaultRequest.model_fields["root"].annotation.__args__
    named = {kind.model_fields["kind"].annotation.__args__[0] for kind in kinds}
    assert named == {fault.spec["kind"] for fault in FAULTS.values()}
