"""What a deployment of Azure costs: the price of the model behind it, whatever it is called."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import chunk, completion, replies, scripted_upstream, streams

USAGE = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000}
MINI_USD, LARGE_USD = "0.15", "2.5"
SAYS_LARGE = {"model": "gpt-4o-2024-08-06"}
OWN = {"provider": "azure", "model": "school", "input": "7", "output": "7"}


@asynccontextmanager
async def gateway_of(tmp_path, *, azure=None, answer=None, **config):
    said = answer or {}
    async with scripted_upstream() as upstream:

        async def handler(request, scripted):
            if request.path.endswith("/embeddings"):
                body = {"object": "list", "data": [], "usage": USAGE, **said}
                return await replies(body)(request, scripted)
            if not scripted.bodies[-1].get("stream"):
                return await replies(completion(usage=USAGE, **said))(request, scripted)
            parts = (
                chunk({}, model="", choices=[]),
                chunk({"content": "hi"}, **said),
                chunk({}, "stop", **said),
                chunk({}, choices=[], usage=USAGE, **said),
                "[DONE]",
            )
            return await streams(*parts)(request, scripted)

        upstream.handler = handler
        details = {"base_url": upstream.url, "default_model": "school", **(azure or {})}
        llm = {"providers": ["azure"], "provider": {"azure": details}, **config.pop("llm", {})}
        environ = {"AZURE_OPENAI_API_KEY": "k"}
        async with llm_service(tmp_path, config={"llm": llm, **config}, environ=environ) as running:
            yield running


async def ask(gateway, *, stream=False, model="azure/school"):
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "Hello."}]}
    return await gateway.public.post("/v1/chat/completions", json=body)


async def cost(gateway):
    """Return (US dollars, calls without a price) of the one row, once it is there."""
    for _ in range(3000):
        found = (await gateway.ops.get("/admin/usage?by=model")).json()["data"]
        if found:
            return found[0]["cost_usd"], found[0]["unpriced_calls"]
        await asyncio.sleep(0.01)
    raise AssertionError("no row came")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("azure", "answer", "prices", "expected"),
    [
        pytest.param({}, SAYS_LARGE, [], (LARGE_USD, 0), id="the-answer-says-it"),
        pytest.param(
            {"deployments": {"gpt-4o-mini": "school"}},
            {"model": "school"},
            [],
            (MINI_USD, 0),
            id="configured",
        ),
        pytest.param(
            {"deployments": {"gpt-4o-mini": "school"}}, SAYS_LARGE, [], (LARGE_USD, 0), id="the-answer-knows"
        ),
        pytest.param({}, SAYS_LARGE, [OWN], ("7", 0), id="the-operators-own-price"),
        pytest.param({}, {"model": "school"}, [], (None, 1), id="nobody-knows"),
        pytest.param({}, {"model": 4}, [], (None, 1), id="nonsense"),
    ],
)
async def test_a_deployment_costs_what_its_model_costs(  # noqa: PLR0917 - one column each
    tmp_path, stream, azure, answer, prices, expected
):
    async with gateway_of(tmp_path, azure=azure, answer=answer, llm={"prices": prices}) as gateway:
        assert (await ask(gateway, stream=stream)).status_code == 200
        assert await cost(gateway) == expected


async def test_a_budget_knows_the_model_behind_a_deployment_before_the_call(tmp_path):
    limits = {"tenant": {"usd_per_day": 0.1}}
    known = {"deployments": {"gpt-4o-mini": "school"}}
    async with gateway_of(tmp_path, azure=known, limits=limits) as gateway:
        assert (await ask(gateway)).status_code == 200
    (tmp_path / "unknown").mkdir()
    async with gateway_of(tmp_path / "unknown", limits=limits) as gateway:
        refused = await ask(gateway)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "price_unknown")


async def test_embeddings_go_by_the_model_in_the_answer(tmp_path):
    async with gateway_of(tmp_path, answer={"model": "text-embedding-3-small"}) as gateway:
        answer = await gateway.public.post("/v1/embeddings", json={"model": "azure/school", "input": "hello"})
        assert answer.status_code == 200
        assert await cost(gateway) == ("0.02", 0)
