"""What the simulator says it received and gave, which other tests rely on."""

import pytest

from tests.fakes.llm.provider_calls import CALLS
from tests.fakes.network.raw_answer import ask_raw, sent

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ask(sim, provider, *, stream=False, prefix=""):
    return await ask_raw(sim.url, CALLS[provider].raw(stream=stream, prefix=prefix))


async def test_counts_are_kept_per_provider(sim):
    await sim.behave(answer_tokens=5, cached_tokens=1)
    for provider in CALLS:
        await ask(sim, provider)
        await ask(sim, provider, stream=True)
    counts = await sim.counts()
    spent = {"input_tokens": 8, "cached_tokens": 2, "output_tokens": 10, "reasoning_tokens": 0}
    assert set(counts["providers"]) == set(CALLS)
    for tally in counts["providers"].values():
        assert (tally["total"], tally["completed"], tally["tokens"]) == (2, 2, spent)
    assert counts["total"] == counts["completed"] == 10
    assert counts["tokens"] == {name: 5 * number for name, number in spent.items()}
    assert counts["paths"]["/v1/messages"] == 2
    assert counts["models"] == {"gpt-4o-mini": 4, "claude-haiku-4-5": 2, "gemini-2.5-flash": 2, "llama3.2": 2}


async def test_the_same_path_under_a_name_of_its_own(sim):
    await ask(sim, "openai", prefix="/as/house")
    await ask(sim, "anthropic", prefix="/as/second")
    assert set((await sim.counts())["providers"]) == {"house", "second"}


async def test_the_last_requests_are_listed_in_order_and_as_many_as_asked_for(sim):
    for provider in CALLS:
        await ask(sim, provider)
    records = (await sim.counts(3))["recent"]
    assert [record["provider"] for record in records] == ["anthropic", "google", "ollama"]
    assert [record["number"] for record in records] == sorted(record["number"] for record in records)
    assert set(records[0]) == {
        "number", "time", "provider", "path", "model", "stream", "fault", "status", "outcome",
        "duration_ms", "first_token_ms", "last_token_ms",
        "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens",
    }  # fmt: skip
    for last in ("-1", "1001", "x"):
        assert (await sim.running.public.get(f"/simulator/requests?last={last}")).status_code == 422


@pytest.mark.parametrize("provider", list(CALLS))
async def test_a_caller_that_leaves_is_billed_for_what_went_out(sim, provider):
    await sim.behave(tokens_per_s=1, answer_tokens=100, reasoning_tokens=7)
    async with sent(sim.url, CALLS[provider].raw(stream=True)) as reader:
        await reader.readuntil(b"\r\n\r\n")
        while (await sim.last())["output_tokens"] == 0:
            pass
    told = await sim.settled()
    thought = 7 if provider in ("openai", "azure", "google") else 0
    assert (told["outcome"], told["input_tokens"]) == ("abandoned", 4)
    assert told["reasoning_tokens"] == thought
    assert thought <= told["output_tokens"] < thought + 5
    assert (await sim.counts())["abandoned"] == 1


async def test_a_caller_that_leaves_before_the_answer_costs_nothing(sim):
    await sim.behave(latency_ms=600_000)
    async with sent(sim.url, CALLS["openai"].raw(stream=True)):
        while not (await sim.counts())["in_flight"]:
            pass
    told = await sim.settled()
    assert (told["outcome"], told["input_tokens"], told["status"]) == ("abandoned", 0, None)


async def test_refused_requests_are_counted_too(sim):
    response = await sim.running.public.post("/v1/messages", content=b"{")
    assert response.status_code == 400
    counts = await sim.counts()
    assert (counts["total"], counts["refused"], counts["providers"]["anthropic"]["refused"]) == (1, 1, 1)


async def test_faults_are_counted_where_they_struck(sim):
    await sim.fault("status", provider="google")
    for provider in ("google", "openai", "google"):
        await ask(sim, provider)
    counts = await sim.counts()
    assert counts["faults"] == counts["providers"]["google"]["faults"] == {"status": 2}
    assert counts["providers"]["openai"]["faults"] == {}
    assert (counts["failed"], counts["completed"]) == (2, 1)


async def test_the_peak_is_the_most_at_once(sim):
    await sim.fault("stall", after_tokens=0)
    async with (
        sent(sim.url, CALLS["openai"].raw(stream=True)),
        sent(sim.url, CALLS["google"].raw(stream=True)),
    ):
        while (await sim.counts())["in_flight"] < 2:
            pass
    await sim.settled()
    counts = await sim.counts()
    assert (counts["peak"], counts["in_flight"]) == (2, 0)
    assert counts["providers"]["openai"]["peak"] == 1


async def test_clearing_forgets_what_is_still_being_answered(sim):
    await sim.fault("stall", after_tokens=0, provider="openai")
    async with sent(sim.url, CALLS["openai"].raw(stream=True)):
        while not (await sim.counts())["in_flight"]:
            pass
        await sim.running.public.delete("/simulator/requests")
    await ask(sim, "ollama")
    await sim.settled()
    counts = await sim.counts()
    assert (counts["total"], counts["in_flight"], counts["abandoned"]) == (1, 0, 0)
