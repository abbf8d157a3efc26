"""What is billed, against what the simulator knows that it gave: whole, streamed, silent, left."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.fakes.llm.five_providers import MODELS, PROVIDERS, five_providers
from tests.fakes.llm.simulator import simulator
from wattos_platform.services.llm_gateway.adapters.price_file import read_prices
from wattos_platform.services.llm_gateway.domain.pricing import usd_text
from wattos_platform.services.llm_gateway.domain.wire import Usage

ASK = {
    "messages": [{"role": "user", "content": "Explain to the class in one sentence why the sky looks blue."}]
}
# The simulator's tokens are whole words; the estimator counts as a vocabulary does. They differ at most by:
WORST = 0.6
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture
async def sim(tmp_path):
    async with simulator(tmp_path) as running:
        yield running


@pytest.fixture
async def gateway(tmp_path, sim):
    async with five_providers(tmp_path, sim) as running:
        yield running


async def ask(gateway, provider, **change):
    body = {**ASK, "model": MODELS[provider], **change}
    response = await gateway.public.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    return response


async def row(gateway):
    """Return the one row of the report, once it is there."""
    for _ in range(3000):
        found = (await gateway.ops.get("/admin/usage?by=model")).json()["data"]
        if found:
            return found[0]
        await asyncio.sleep(0.01)
    raise AssertionError("no row came")


@pytest.mark.parametrize("stream", [False, True])
@every_provider
async def test_the_truth_is_billed(gateway, sim, provider, stream):
    await sim.behave(answer_tokens=30, cached_tokens=5, reasoning_tokens=7)
    await ask(gateway, provider, stream=stream, reasoning_effort="low")
    truth, billed = await sim.settled(), await row(gateway)
    assert (billed["prompt_tokens"], billed["completion_tokens"]) == (
        truth["input_tokens"],
        truth["output_tokens"],
    )
    assert billed["estimated_calls"] == 0
    price = read_prices().find(provider, MODELS[provider].partition("/")[2], datetime.now(UTC).date())
    usage = Usage(billed["prompt_tokens"], billed["completion_tokens"], billed["cached_tokens"])
    assert billed["cost_usd"] == usd_text(price.pico_usd(usage))


@pytest.mark.parametrize("stream", [False, True])
@every_provider
async def test_a_silent_provider_is_estimated_near_the_truth(gateway, sim, provider, stream):
    await sim.behave(answer_tokens=80, usage="never")
    await ask(gateway, provider, stream=stream)
    truth, billed = await sim.settled(), await row(gateway)
    assert billed["estimated_calls"] == 1
    assert abs(billed["completion_tokens"] / truth["output_tokens"] - 1) <= WORST
    assert abs(billed["prompt_tokens"] / truth["input_tokens"] - 1) <= WORST


@every_provider
async def test_a_caller_who_leaves_is_billed_what_was_said(gateway, sim, provider):
    await sim.behave(answer_tokens=2000, tokens_per_s=400)
    body = {**ASK, "model": MODELS[provider], "stream": True}
    seen = 0
    async with gateway.public.stream("POST", "/v1/chat/completions", json=body) as answer:
        async for line in answer.aiter_lines():
            seen += '"content":"' in line
            if seen >= 60:
                break
    truth, billed = await sim.settled(), await row(gateway)
    assert (billed["estimated_calls"], billed["failed_calls"]) == (1, 1)
    assert truth["output_tokens"] < 2000
    assert abs(billed["completion_tokens"] / truth["output_tokens"] - 1) <= WORST
