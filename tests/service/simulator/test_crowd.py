"""One simulator process under hundreds of streams at once."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.fakes.llm.provider_calls import CALLS
from tests.fakes.network.raw_answer import ask_raw, sent

pytestmark = pytest.mark.asyncio(loop_scope="module")
CROWD = 320
PROVIDERS = [list(CALLS)[number % len(CALLS)] for number in range(CROWD)]


async def test_a_crowd_of_open_streams_keeps_nobody_waiting(sim):
    await sim.fault("stall", after_tokens=4, model="gpt-4o-mini")
    call = CALLS["openai"].raw(stream=True)
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(sent(sim.url, call)) for _ in range(CROWD)))
        while [record["output_tokens"] for record in (await sim.counts(1000))["recent"]] != [4] * CROWD:
            await asyncio.sleep(0.02)
        assert (await ask_raw(sim.url, CALLS["ollama"].raw(stream=True))).status == 200
        assert (await sim.counts())["in_flight"] == CROWD
    await sim.settled()
    counts = await sim.counts()
    assert (counts["peak"], counts["abandoned"], counts["completed"]) == (CROWD + 1, CROWD, 1)
    assert counts["providers"]["openai"]["tokens"]["output_tokens"] == 4 * CROWD


async def test_every_stream_of_a_crowd_is_whole(sim):
    await sim.behave(tokens_per_s=20, answer_tokens=15)
    calls = [(provider, CALLS[provider].raw(stream=True)) for provider in PROVIDERS]
    answers = await asyncio.gather(*(ask_raw(sim.url, call) for _, call in calls))
    assert {(answer.status, answer.end) for answer in answers} == {(200, "whole")}
    assert all(CALLS[p].finish in answer.body for (p, _), answer in zip(calls, answers, strict=True))
    counts = await sim.counts()
    assert (counts["completed"], counts["tokens"]["output_tokens"]) == (CROWD, CROWD * 15)
