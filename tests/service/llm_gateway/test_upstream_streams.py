"""Streams of an OpenAI-compatible upstream: passed on at once, ended cleanly or not at all."""

import asyncio
import json
from contextlib import nullcontext

import openai
import pytest

from tests.fakes.llm.asking import ASK, USAGE, stream, usage_of
from tests.fakes.llm.service import IDENTITY, SILENCE
from tests.fakes.llm.upstream import chunk, streams


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-56")])
async def test_the_first_delta_arrives_while_the_provider_still_works(gateway, upstream, id_):
    upstream.handler = streams(
        chunk({"role": "assistant"}), chunk({"content": "first"}), None, chunk({}, "stop"), "[DONE]"
    )
    found = []
    async with gateway.public.stream("POST", "/v1/chat/completions", json={**ASK, "stream": True}) as answer:
        async for line in answer.aiter_lines():
            found.append(line)
            if "first" in line:
                assert not upstream.go.is_set()
                upstream.go.set()
    assert found[-2:] == ["data: [DONE]", ""] or found[-1] == "data: [DONE]"


async def test_usage_is_asked_for_and_hidden_from_who_did_not(gateway, upstream):
    upstream.handler = streams(
        chunk({"content": "a"}), chunk({}, "stop"), {**chunk({}), "choices": [], "usage": USAGE}, "[DONE]"
    )
    _, lines = await stream(gateway)
    assert upstream.bodies[0]["stream_options"] == {"include_usage": True}
    assert not any("usage" in line for line in lines)
    assert (await usage_of(gateway))["data"][0]["prompt_tokens"] == 1000
    _, lines = await stream(gateway, stream_options={"include_usage": True})
    assert json.loads(lines[-2].removeprefix("data: "))["usage"]["prompt_tokens"] == 1000


@pytest.mark.parametrize(
    ("rest", "end", "gateway"),
    [
        pytest.param((chunk({}, "stop"),), "data: [DONE]", {}, id="done-is-added"),
        pytest.param(("[DONE]",), "truncated", {}, id="done-without-finish-reason"),
        pytest.param((), "truncated", {}, id="ended-early"),
        pytest.param(({"error": {"message": "x"}},), "truncated", {}, id="error-inside"),
        pytest.param(("{not json",), "truncated", {}, id="malformed"),
        pytest.param((None,), "truncated", SILENCE, id="falls-silent"),
    ],
    indirect=["gateway"],
)
async def test_a_stream_never_ends_cleanly_without_its_end(gateway, upstream, rest, end):
    upstream.handler = streams(chunk({"content": "a"}), *rest)
    status, lines = await stream(gateway)
    assert status == 200
    if end == "truncated":
        assert lines[-2] == "event: error"
        assert json.loads(lines[-1].removeprefix("data: "))["error"]["code"] == "upstream_truncated"
        assert "data: [DONE]" not in lines
        assert (await usage_of(gateway))["data"][0]["failed_calls"] == 1
    else:
        assert lines[-1] == end


async def test_the_sdk_raises_on_a_truncated_stream(gateway, upstream):
    upstream.handler = streams(chunk({"content": "a"}))
    async with openai.AsyncOpenAI(
        base_url=f"{gateway.url}/v1", api_key="x", default_headers=IDENTITY, max_retries=0
    ) as client:
        answer = await client.chat.completions.create(**ASK, stream=True)
        with pytest.raises(openai.APIError) as caught:
            async for _ in answer:
                pass
    assert caught.value.code == "upstream_truncated"


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_caller_who_leaves_cancels_the_provider(gateway, upstream, streaming):
    upstream.handler = streams(*((chunk({"content": "a"}),) if streaming else ()), None)
    body = {**ASK, "stream": streaming}
    async with (
        gateway.public.stream("POST", "/v1/chat/completions", json=body) if streaming else nullcontext()
    ):
        if not streaming:
            asking = asyncio.create_task(gateway.public.post("/v1/chat/completions", json=body))
            while not upstream.bodies:
                await asyncio.sleep(0.01)
            asking.cancel()
    await asyncio.wait_for(upstream.cancelled.wait(), 20)
    row = (await usage_of(gateway))["data"][0]
    assert row["failed_calls"] == 1
    assert row["prompt_tokens"] > 0
