"""What is billed, against what the simulator knows that it gave: whole, streamed, silent, left."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.fakes.llm.service import llm_service
from tests.fakes.llm.simulator import simulator
from wattos_platform.services.llm_gateway.adapters.price_file import read_prices
from wattos_platform.services.llm_gateway.domain.pricing import usd_text
from wattos_platform.services.llm_gateway.domain.wire import Usage

MODELS = {
    "openai": "gpt-4o-mini",
    "azure": "gpt-4o-mini",
    "anthropic": "claude-haiku-4-5",
    "google": "gemini-2.5-flash",
    "ollama": "llama3.2",
}
ASK = {
    "messages": [{"role": "user", "content": "Explain to the class in one sentence why the sky looks blue."}]
}
# The simulator's tokens are whole words; the estimator counts as a vocabulary does. They differ at most by:
WORST = 0.6
every_provider = pytest.mark.parametrize("provider", MODELS)


@pytest.fixture
async def sim(tmp_path):
    async with simulator(tmp_path) as running:
        yield running


@pytest.fixture
async def gateway(tmp_path, sim):
    details = {name: {"base_url": sim.url, "api_key_env": "DUMMY"} for name in MODELS}
    details["openai"]["base_url"] += "/v1"
    details["azure"]["deployments"] = {"gpt-4o-mini": "gpt-4o-mini"}
    config = {"llm": {"providers": list(MODELS), "provider": details}}
    async with llm_service(tmp_path, config=config, environ={"DUMMY": "dummy-key-of-a-test"}) as running:
        yield running


async def ask(gateway, provider, **change):
    body = {**ASK, "model": f"{provider}/{MODELS[provider]}", **change}
    response = await gateway.public.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    return response


async def row(gateway):
    """Return the one row of the report, once it is there."""
    for _ in range(200):
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
    price = read_prices().find(provider, MODELS[provider], datetime.now(UTC).date())
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
    body = {**ASK, "model": f"{provider}/{MODELS[provider]}", "stream": True}
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
