"""The simulator as Azure OpenAI, read by OpenAI's own client for it."""

import openai
import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = {"model": "my-deployment", "messages": [{"role": "user", "content": "Say hello to me."}]}


@pytest_asyncio.fixture(loop_scope="module")
async def client(sim):
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=sim.url, api_version="2024-10-21", api_key="x", max_retries=0
    ) as client:
        yield client


async def test_a_whole_answer_bears_the_filters_results(sim, client):
    done = await client.chat.completions.create(**ASK)
    assert done.model == "my-deployment"
    assert (
        done.model_extra["prompt_filter_results"][0]["content_filter_results"]["hate"]["severity"] == "safe"
    )
    assert done.choices[0].model_extra["content_filter_results"]["violence"] == {
        "filtered": False,
        "severity": "safe",
    }
    told = await sim.last()
    assert (told["provider"], told["path"]) == ("azure", "/openai/deployments/my-deployment/chat/completions")


async def test_a_stream_begins_without_choices(client):
    chunks = [chunk async for chunk in await client.chat.completions.create(**ASK, stream=True)]
    assert chunks[0].choices == []
    assert chunks[0].model_extra["prompt_filter_results"][0]["prompt_index"] == 0
    assert [chunk.choices[0].finish_reason for chunk in chunks[1:]] == [None] * 21 + ["stop"]


async def test_the_path_of_v1_takes_the_model_from_the_body(sim):
    async with openai.AsyncOpenAI(
        base_url=f"{sim.url}/openai/v1/", api_key="unused", default_headers={"api-key": "x"}, max_retries=0
    ) as client:
        done = await client.chat.completions.create(**ASK)
        answered = await client.responses.create(model="gpt-4o", input="Hello.")
        names = [model.id async for model in client.models.list()]
    assert (done.model, answered.status) == ("my-deployment", "completed")
    assert done.model_extra["prompt_filter_results"]
    assert "gpt-4o" in names
    assert set((await sim.counts())["providers"]) == {"azure"}


async def test_embeddings_of_a_deployment(client):
    found = await client.embeddings.create(model="vectors", input=["a b", "c"], dimensions=16)
    assert (found.model, len(found.data), found.usage.prompt_tokens) == ("vectors", 2, 3)


async def test_a_deployments_path_demands_an_api_version(sim):
    path = "/openai/deployments/d/chat/completions"
    response = await sim.running.public.post(path, json=ASK)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "404")


async def test_a_blocked_prompt_is_azures_400(sim, client):
    await sim.fault("blocked", provider="azure")
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**ASK)
    assert (caught.value.code, caught.value.param) == ("content_filter", "prompt")
    assert caught.value.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"


async def test_a_filtered_answer_says_what_was_found(sim, client):
    await sim.behave("azure", finish_reason="content_filter")
    choice = (await client.chat.completions.create(**ASK)).choices[0]
    assert choice.finish_reason == "content_filter"
    assert choice.model_extra["content_filter_results"]["violence"]["filtered"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "401"), (404, "DeploymentNotFound"), (429, "429"), (500, "InternalServerError")],
)
async def test_errors_are_azures(sim, client, status, code):
    await sim.fault("status", status=status)
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(**ASK)
    assert caught.value.body == {"code": code, "message": "A simulated fault."}


async def test_a_missing_key_is_refused_when_keys_are_required(sim):
    await sim.behave(require_key=True)
    path = "/openai/deployments/d/chat/completions?api-version=1"
    for headers, status in (({}, 401), ({"api-key": "x"}, 200), ({"authorization": "Bearer x"}, 200)):
        assert (await sim.running.public.post(path, json=ASK, headers=headers)).status_code == status
