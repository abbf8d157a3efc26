"""A stream that breaks says so in every dialect; a caller who leaves ends the work upstream and is billed."""

import asyncio
import json
from contextlib import aclosing

import pytest
import pytest_asyncio

from tests.fakes.llm.dialects import events
from tests.fakes.llm.outage import ASKS, MODEL, PRIMARY, TEXT, outage
from tests.fakes.llm.service import IDENTITY, SILENCE
from tests.fakes.network.asgi_call import AsgiCall
from wattos_platform.services.llm_gateway.domain.tokens import estimate

pytestmark = pytest.mark.asyncio(loop_scope="module")
EXPLICIT = f"{PRIMARY}/{MODEL}"
ANSWERED, DIED = 40, 5
every_dialect = pytest.mark.parametrize("dialect", ASKS)
# Each way in which a provider can die within its stream, and what makes that be noticed.
WAYS = {"truncate": {}, "disconnect": {}, "reset": {}, "broken_json": {}, "error_event": {}, "stall": SILENCE}
# What only a stream that came to its end says.
CLEAN_ENDS = {
    "chat": ('"finish_reason":"', "[DONE]"),
    "completions": ('"finish_reason":"', "[DONE]"),
    "responses": ("response.completed", "response.incomplete"),
    "messages": ("message_stop", "message_delta"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(request, tmp_path_factory):
    environ = getattr(request, "param", None)
    async with outage(tmp_path_factory.mktemp("outage"), environ=environ) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def house(running):
    await running.sim.forget_faults()
    await running.sim.behave(answer_tokens=ANSWERED)
    running.breaker.reset()
    return running


def text_of(dialect, told):
    """Return the text that the events of a stream bear."""
    if dialect == "responses":
        return "".join(event["delta"] for kind, event in told if kind == "response.output_text.delta")
    if dialect == "messages":
        return "".join(event["delta"]["text"] for kind, event in told if kind == "content_block_delta")
    choices = [choice for _, event in told if event != "[DONE]" for choice in event.get("choices", ())]
    return "".join(choice.get("text") or choice.get("delta", {}).get("content") or "" for choice in choices)


def code_of(dialect, event):
    """Return the code of the error that an event is."""
    error = event["error"]
    return error["details"]["error_code"] if dialect == "messages" else error["code"]


@every_dialect
async def test_a_whole_stream_ends_as_its_dialect_demands(house, dialect):
    answer = (await house.ask(EXPLICIT, dialect, stream=True)).text
    assert len(text_of(dialect, events(answer)).split()) == ANSWERED
    assert any(end in answer.replace('": "', '":"') for end in CLEAN_ENDS[dialect])


@every_dialect
@pytest.mark.parametrize(("way", "running"), WAYS.items(), ids=WAYS, indirect=["running"])
async def test_a_provider_that_dies_after_five_of_forty_chunks_is_told(house, dialect, way):
    before = len(await house.rows())
    await house.kill(way, after_tokens=DIED)
    answer = await house.ask(EXPLICIT, dialect, stream=True)
    told = events(answer.text)
    text = text_of(dialect, told)
    assert (answer.status_code, len(text.split())) == (200, DIED)
    assert [end for end in CLEAN_ENDS[dialect] if end in answer.text.replace('": "', '":"')] == []
    kind, last = told[-1]
    assert (kind, code_of(dialect, last)) == ("error", "upstream_truncated")
    (row,) = (await house.rows())[before:]
    assert (row.outcome, row.error_type, row.estimated) == ("truncated", "provider_truncated", True)
    assert (row.prompt_tokens > 0, row.completion_tokens) == (True, estimate(text))
    assert house.breaker.snapshot().consecutive_failures == 1


@every_dialect
async def test_a_caller_who_leaves_a_stream_cancels_it_upstream_and_pays_for_what_came(house, dialect):
    await house.sim.behave(answer_tokens=1000, tokens_per_s=50)
    before, path = len(await house.rows()), ASKS[dialect][0]
    body = {"model": EXPLICIT, **ASKS[dialect][1], "stream": True}
    await house.sim.forget_requests()
    async with house.gateway.public.stream("POST", path, json=body) as answer:
        received = ""
        async with aclosing(answer.aiter_text()) as pieces:
            async for piece in pieces:
                received += piece
                if len(text_of(dialect, events(received)).split()) >= DIED:
                    break
    await gone(house)
    (row,) = (await house.rows())[before:]
    assert (row.outcome, row.error_type, row.estimated) == ("cancelled", "caller_gone", True)
    assert row.prompt_tokens > 0
    assert estimate(text_of(dialect, events(received))) <= row.completion_tokens < 200
    assert house.breaker.snapshot().consecutive_failures == 0


@every_dialect
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_caller_who_leaves_before_the_answer_cancels_it_upstream(house, dialect, stream):
    await house.kill("hang")
    before = len(await house.rows())
    await house.sim.forget_requests()
    asking = asyncio.create_task(house.ask(EXPLICIT, dialect, stream=stream))
    while not (await house.sim.counts())["in_flight"]:
        await asyncio.sleep(0.005)
    asking.cancel()
    await gone(house)
    (row,) = (await house.rows())[before:]
    assert (row.outcome, row.error_type, row.estimated) == ("cancelled", "caller_gone", True)
    assert row.prompt_tokens >= estimate(TEXT)


async def gone(house):
    """Return once the simulator has seen its caller leave, which it does long before its answer is over."""
    async with asyncio.timeout(10):
        record = await house.sim.settled()
    assert record["outcome"] == "abandoned", json.dumps(record)


async def test_a_caller_who_leaves_before_the_head_could_be_sent_ends_it_too(house):
    """One that reads nothing of an earlier answer on its connection keeps the next from beginning."""
    rows = len(await house.rows())
    path, body = ASKS["chat"]
    call = AsgiCall(house.gateway.app, "POST", path, {"model": EXPLICIT, "stream": True, **body}, IDENTITY)
    call.pause()
    async with asyncio.timeout(10):
        while not await house.metric("concurrency_open"):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        call.leave()
        await call.task
        while len(found := await house.rows()) == rows:
            await asyncio.sleep(0.01)
    assert (call.status, found[-1].outcome, found[-1].error_type) == (0, "cancelled", "caller_gone")
    assert await house.metric("concurrency_open") == 0
