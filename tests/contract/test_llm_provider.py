"""One suite for the provider in each of its formats, over the simulator."""

import time

import pytest

from tests.fakes.llm.five_providers import PROVIDERS
from tests.fakes.llm.simulator import Simulator, simulator
from wattos_platform.kernel.resilience.concurrency import ConcurrencyLimit
from wattos_platform.kernel.resilience.gradient import GradientSettings
from wattos_platform.services.llm_gateway.adapters.upstream_http import UpstreamHttp, UpstreamTimeouts
from wattos_platform.services.llm_gateway.adapters.upstream_provider import UpstreamProvider
from wattos_platform.services.llm_gateway.adapters.wire_formats import format_of
from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.chat_request import parse_chat
from wattos_platform.services.llm_gateway.domain.configured import UpstreamSettings
from wattos_platform.services.llm_gateway.domain.embedding_request import parse_embedding
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure

MODEL = "gpt-4o-mini"
CHAT = parse_chat({"model": MODEL, "messages": [{"role": "user", "content": "Say hello."}]})
EMBED = parse_embedding({"model": MODEL, "input": ["one", "two"]})


# One model that each lists; Azure lists none, since what is deployed is the operator's to say.
LISTED = {
    "openai": MODEL,
    "anthropic": "claude-haiku-4-5",
    "google": "gemini-2.5-flash",
    "ollama": "llama3.2:latest",
}


class Subject:
    """The adapter in one of its formats, made to fail by the simulator."""

    def __init__(self, simulator: Simulator, kind: str) -> None:
        self.kind = kind
        base_url = simulator.url + ("/v1" if kind == "openai" else "")
        settings = UpstreamSettings("sim", base_url, "key", "KEY", True, (), MODEL, kind=kind)
        timeouts = UpstreamTimeouts(first_byte_s=2, idle_s=2)
        http = UpstreamHttp(
            "sim",
            settings.base_url,
            timeouts,
            limit=ConcurrencyLimit("llm:sim", GradientSettings(), time.monotonic),
        )
        self.provider = UpstreamProvider(settings, format_of(settings), http, lambda: 0.0)
        self.fail = simulator.fault


@pytest.fixture(params=PROVIDERS)
async def subject(request, tmp_path):
    async with simulator(tmp_path) as upstream:
        made = Subject(upstream, request.param)
        yield made
        await made.provider.close()


async def test_complete_answers_in_openais_shape(subject):
    answer = await subject.provider.complete(MODEL, CHAT)
    body = answer.body()
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["message"]["content"] == answer.text != ""
    assert body["choices"][0]["finish_reason"] == "stop"
    assert answer.usage == wire.usage_of(body)
    assert answer.usage.completion > 0


async def test_stream_gives_content_then_an_end_then_usage(subject):
    chunks = [chunk async for batch in subject.provider.stream(MODEL, CHAT) for chunk in batch]
    assert "".join(chunk.text for chunk in chunks)
    assert [chunk.text for chunk in chunks] == [wire.text_of_chunk(chunk.body()) for chunk in chunks]
    assert [chunk.finish_reason for chunk in chunks if chunk.has_choices][-1] == "stop"
    assert chunks[-1].usage.completion > 0


async def test_embed_gives_one_vector_per_text(subject):
    if subject.kind == "anthropic":
        with pytest.raises(ProviderFailure) as caught:
            await subject.provider.embed(MODEL, EMBED)
        assert caught.value.kind == "unsupported"
        return
    body = await subject.provider.embed(MODEL, EMBED)
    assert [entry["index"] for entry in body["data"]] == [0, 1]


async def test_list_models(subject):
    listed = await subject.provider.list_models()
    assert listed == () if subject.kind == "azure" else LISTED[subject.kind] in listed


async def test_it_can_do_what_openai_can(subject):
    assert subject.provider.unsupported(CHAT) is None


@pytest.mark.parametrize("how", ["complete", "stream"])
async def test_a_server_error_is_unavailable(subject, how):
    await subject.fail("status")
    with pytest.raises(ProviderFailure) as caught:
        await _call(subject.provider, how)
    assert caught.value.kind == "unavailable"


async def test_a_rate_limit_says_how_long(subject):
    await subject.fail("rate_limit", retry_after_s=7)
    with pytest.raises(ProviderFailure) as caught:
        await subject.provider.complete(MODEL, CHAT)
    assert (caught.value.kind, caught.value.retry_after_s) == ("rate_limited", 7)


async def test_a_truncated_stream_has_no_finish_reason(subject):
    await subject.fail("truncate", after_tokens=1)
    chunks = [chunk async for batch in subject.provider.stream(MODEL, CHAT) for chunk in batch]
    assert not any(chunk.finish_reason for chunk in chunks)


async def _call(provider, how):
    if how == "complete":
        return await provider.complete(MODEL, CHAT)
    return [batch async for batch in provider.stream(MODEL, CHAT)]
