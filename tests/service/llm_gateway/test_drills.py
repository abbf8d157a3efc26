"""The model gateway over the simulator: faults by API, and how often the dead provider was called."""

import asyncio

import openai
import pytest

from tests.fakes.llm.service import IDENTITY, SILENCE, llm_service
from tests.fakes.llm.simulator import simulator as running_simulator

ASK = {"model": "default", "messages": [{"role": "user", "content": "Say hello."}]}


@pytest.fixture
async def simulator(tmp_path):
    async with running_simulator(tmp_path) as running:
        yield running


@pytest.fixture
async def gateway(request, tmp_path, simulator):
    config = {"llm": {"providers": ["openai"], "provider": {"openai": {"base_url": f"{simulator.url}/v1"}}}}
    environ = {"OPENAI_API_KEY": "dummy", **getattr(request, "param", {})}
    async with llm_service(tmp_path, config=config, environ=environ) as running:
        yield running


async def ask(gateway, **change):
    return await gateway.public.post("/v1/chat/completions", json={**ASK, **change})


async def test_without_faults_the_provider_answers(gateway, simulator):
    response = await ask(gateway)
    assert response.headers["x-wattos-provider"] == "openai"
    assert len(response.json()["choices"][0]["message"]["content"].split()) == 20
    assert (await simulator.counts())["completed"] == 1


@pytest.mark.parametrize(
    ("kind", "gateway"),
    [("status", {}), ("rate_limit", {}), ("reset", {}), ("hang", SILENCE)],
    ids=["status", "rate_limit", "reset", "hang"],
    indirect=["gateway"],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_before_content_is_invisible(gateway, simulator, kind, stream):
    await simulator.fault(kind)
    response = await ask(gateway, stream=stream)
    assert response.status_code == 200
    assert response.headers["x-wattos-provider"] == "local"
    assert not stream or response.text.endswith("data: [DONE]\n\n")
    assert (await simulator.counts())["faults"] == {kind: 1}


async def test_a_dead_provider_is_left_alone_once_its_breaker_is_open(gateway, simulator):
    await simulator.fault("status", status=503)
    for _ in range(20):
        assert (await ask(gateway)).status_code == 200
    assert (await simulator.counts())["total"] == 5
    explicit = await ask(gateway, model="gpt-4o-mini")
    assert explicit.status_code == 503
    assert int(explicit.headers["retry-after"]) > 1


async def collect(answer, texts):
    async for part in answer:
        texts.append(part.choices[0].delta.content or "")


@pytest.mark.parametrize("kind", ["truncate", "reset"])
async def test_a_failure_after_content_is_told(gateway, simulator, kind):
    await simulator.fault(kind, after_tokens=4)
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key="x", default_headers=IDENTITY, max_retries=0
    ) as client:
        answer = await client.chat.completions.create(**ASK, stream=True)
        texts = []
        with pytest.raises(openai.APIError) as caught:
            await collect(answer, texts)
    assert caught.value.code == "upstream_truncated"
    assert len("".join(texts).split()) == 4


async def test_embeddings_of_a_provider_pass_through(gateway):
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key="x", default_headers=IDENTITY, max_retries=0
    ) as client:
        one = await client.embeddings.create(model="text-embedding-3-small", input="hello", dimensions=64)
        again = await client.embeddings.create(
            model="text-embedding-3-small", input=["hello"], dimensions=64, encoding_format="float"
        )
    assert one.data[0].embedding == pytest.approx(again.data[0].embedding, abs=1e-6)


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "fire"},
        {"kind": "hang", "probability": 2},
        {"kind": "hang", "ttl_s": 0},
        {"kind": "status", "status": 200},
        {"kind": "status", "colour": "red"},
        {},
    ],
)
async def test_a_wrong_fault_is_refused(simulator, spec):
    assert (await simulator.running.public.post("/simulator/faults", json=spec)).status_code == 422


async def test_faults_end_by_themselves_and_by_hand(simulator):
    await simulator.fault("hang", ttl_s=0.05)
    await asyncio.sleep(0.06)
    assert (await simulator.running.public.get("/simulator/faults")).json() == {"faults": []}
    await simulator.fault("hang")
    found = (await simulator.running.public.get("/simulator/faults")).json()["faults"][0]
    assert (await simulator.running.public.delete(f"/simulator/faults/{found['id']}")).status_code == 204
    assert (await simulator.running.public.delete(f"/simulator/faults/{found['id']}")).status_code == 404


async def test_the_simulator_keeps_to_its_behaviour(simulator):
    set_to = {"answer_tokens": 7, "latency_ms": 1, "tokens_per_s": 10_000}
    assert (await simulator.running.public.put("/simulator/behaviour", json=set_to)).status_code == 200
    response = await simulator.running.public.post("/v1/chat/completions", json={**ASK, "model": "gpt-4o"})
    assert response.json()["usage"]["completion_tokens"] == 7
    assert (await simulator.running.public.put("/simulator/behaviour", json={"speed": 1})).status_code == 422


async def test_the_same_question_has_the_same_answer(simulator):
    async with openai.AsyncOpenAI(base_url=f"{simulator.url}/v1", api_key="x", max_retries=0) as client:
        one, two = [
            (await client.chat.completions.create(**{**ASK, "model": "gpt-4o"})).choices[0].message.content
            for _ in range(2)
        ]
        streamed = await client.chat.completions.create(**{**ASK, "model": "gpt-4o"}, stream=True)
        three = "".join([part.choices[0].delta.content or "" async for part in streamed])
        assert one == two == three
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("nothing")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"model": 1}', b'{"model": "m", "messages": 1}', b"\xff"]
)
async def test_what_is_no_request_is_refused(simulator, raw):
    assert (await simulator.running.public.post("/v1/chat/completions", content=raw)).status_code == 400
