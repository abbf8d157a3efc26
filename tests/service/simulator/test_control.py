"""What a tester can set: behaviour and faults, checked strictly and obeyed exactly."""

import httpx
import pytest

from tests.fakes.llm.provider_calls import CALLS

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def status_of(sim, provider="openai", **change):
    path, body = CALLS[provider].request(stream=False)
    headers = dict(CALLS[provider].headers)
    return (await sim.running.public.post(path, json={**body, **change}, headers=headers)).status_code


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"kind": "fire"}, ""),
        ({"kind": "status", "status": 200}, "status.status"),
        ({"kind": "status", "status": "500"}, "status.status"),
        ({"kind": "hang", "status": 500}, "hang.status"),
        ({"kind": "hang", "probability": 0}, "hang.probability"),
        ({"kind": "hang", "probability": 1.1}, "hang.probability"),
        ({"kind": "hang", "ttl_s": 0}, "hang.ttl_s"),
        ({"kind": "hang", "ttl_s": 90_000}, "hang.ttl_s"),
        ({"kind": "hang", "times": 0}, "hang.times"),
        ({"kind": "hang", "provider": "Open AI"}, "hang.provider"),
        ({"kind": "rate_limit", "retry_after": "soon"}, "rate_limit.retry_after"),
        ({"kind": "stall", "after_tokens": -1}, "stall.after_tokens"),
        ({"kind": "refuse", "path": "/v1"}, "refuse.path"),
        ({"kind": "slow_stream", "tokens_per_s": 0}, "slow_stream.tokens_per_s"),
        ({"kind": "oversized", "size_bytes": 100_000_000}, "oversized.size_bytes"),
        ({"kind": "content_type", "content_type": "a\r\nb: c"}, "content_type.content_type"),
    ],
)
async def test_a_wrong_fault_is_refused_by_name(sim, body, field):
    answer = await sim.running.public.post("/simulator/faults", json=body)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)
    assert (await sim.running.public.get("/simulator/faults")).json() == {"faults": []}


@pytest.mark.parametrize(
    ("target", "struck"),
    [
        ({}, True),
        ({"provider": "openai"}, True),
        ({"provider": "azure"}, False),
        ({"model": "gpt-4o-mini"}, True),
        ({"model": "gpt-4o"}, False),
        ({"path": "/v1/chat/completions"}, True),
        ({"path": "/v1/*"}, True),
        ({"path": "/v1/embeddings"}, False),
        ({"provider": "openai", "model": "gpt-4o"}, False),
    ],
)
async def test_a_fault_strikes_what_it_is_aimed_at(sim, target, struck):
    await sim.fault("status", status=503, **target)
    assert await status_of(sim) == (503 if struck else 200)


async def test_a_fault_ends_after_so_many_strikes(sim):
    await sim.fault("status", times=2, provider="openai")
    assert [await status_of(sim) for _ in range(4)] == [500, 500, 200, 200]
    assert (await sim.counts())["faults"] == {"status": 2}


async def test_the_oldest_fault_that_concerns_a_request_strikes(sim):
    await sim.fault("status", status=503, times=1)
    await sim.fault("status", status=502)
    assert [await status_of(sim) for _ in range(2)] == [503, 502]
    listed = (await sim.running.public.get("/simulator/faults")).json()["faults"]
    assert [(fault["spec"]["status"], fault["struck"]) for fault in listed] == [(502, 1)]


async def test_dice_with_a_seed_fall_the_same_way_again(sim):
    rounds = []
    for _ in range(2):
        await sim.running.public.delete("/simulator/faults")
        await sim.fault("status", probability=0.5, seed=7)
        rounds.append([await status_of(sim) for _ in range(20)])
    assert rounds[0] == rounds[1]
    assert set(rounds[0]) == {200, 500}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"speed": 1}, "speed"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"latency_ms": "5"}, "latency_ms"),
        ({"answer_tokens": 0}, "answer_tokens"),
        ({"usage": "sometimes"}, "usage"),
        ({"finish_reason": "end_turn"}, "finish_reason"),
        ({"embedding_dimensions": 5000}, "embedding_dimensions"),
        ({"latency_p99_ms": 10}, ""),
        ({"latency_ms": 20, "latency_p99_ms": 10}, ""),
    ],
)
async def test_a_wrong_behaviour_is_refused_by_name(sim, body, field):
    answer = await sim.running.public.put("/simulator/behaviour", json=body)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)


async def test_one_provider_can_behave_otherwise(sim):
    await sim.behave(answer_tokens=3)
    await sim.behave("google", answer_tokens=5)
    for provider in ("openai", "google"):
        await status_of(sim, provider)
    assert [record["output_tokens"] for record in (await sim.counts())["recent"]] == [3, 5]
    shown = (await sim.running.public.get("/simulator/behaviour")).json()
    assert (shown["answer_tokens"], shown["providers"]["google"]["answer_tokens"]) == (3, 5)
    assert (await sim.running.public.delete("/simulator/behaviour/google")).status_code == 204
    assert (await sim.running.public.delete("/simulator/behaviour/google")).status_code == 404
    await status_of(sim, "google")
    assert (await sim.last())["output_tokens"] == 3


async def test_a_body_above_the_limit_has_the_providers_shape(sim):
    big = b'{"model": "' + b"x" * 20_000_001 + b'"}'
    async with httpx.AsyncClient(base_url=sim.url) as client:
        answer = await client.post("/api/chat", content=big)
    assert (answer.status_code, list(answer.json())) == (413, ["error"])


async def test_what_it_does_not_offer_is_not_found_in_the_providers_shape(sim):
    public = sim.running.public
    assert (await public.post("/v1/audio/speech", json={})).json()["error"]["type"] == "invalid_request_error"
    assert (await public.get("/v1/messages/batches")).json()["error"]["type"] == "not_found_error"
    assert (await public.get("/openai/files")).json()["error"]["code"] == "DeploymentNotFound"
    assert isinstance((await public.get("/api/ps")).json()["error"], str)
