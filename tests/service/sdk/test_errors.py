"""The official SDKs raise their own class for every failure, whichever dialect was spoken."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anthropic
import openai
import pytest
import pytest_asyncio
from aiohttp import web

from tests.fakes.llm.model_house import MODEL, PROVIDER_KEY, ModelHouse, model_house
from tests.fakes.llm.upstream import ScriptedUpstream, chunk, replies, streams

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIMIT_BYTES = 50_000
GENEROUS = {
    "RATE_LIMIT": "9999r/m",
    "WATTOS_IP_RATE_LIMIT": "9999r/m",
    "WATTOS_LLM_BODY_LIMIT_BYTES": str(LIMIT_BYTES),
}
HI = [{"role": "user", "content": "Hi"}]
Ask = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ModelHouse]:
    async with model_house(tmp_path_factory.mktemp("house"), GENEROUS) as running:
        yield running


@pytest.fixture
def house(one_house: ModelHouse) -> ModelHouse:
    one_house.forget()
    return one_house


def chat(house: ModelHouse, key: str | None = None, text: str = "Hi", **more: Any) -> Awaitable[Any]:
    sdk = house.openai.with_options(api_key=key) if key else house.openai
    asked = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
    return sdk.chat.completions.create(**{**asked, **more})


def responses(house: ModelHouse, key: str | None = None, text: str = "Hi", **more: Any) -> Awaitable[Any]:
    sdk = house.openai.with_options(api_key=key) if key else house.openai
    return sdk.responses.create(**{"model": MODEL, "input": text, **more})


def completions(house: ModelHouse, key: str | None = None, text: str = "Hi", **more: Any) -> Awaitable[Any]:
    sdk = house.openai.with_options(api_key=key) if key else house.openai
    return sdk.completions.create(**{"model": MODEL, "prompt": text, **more})


def messages(house: ModelHouse, key: str | None = None, text: str = "Hi", **more: Any) -> Awaitable[Any]:
    sdk = house.anthropic.with_options(api_key=key) if key else house.anthropic
    asked = {"model": MODEL, "max_tokens": 16, "messages": [{"role": "user", "content": text}]}
    # The SDK has no argument for the temperature any more; the API still has.
    temperature = {"extra_body": {"temperature": more.pop("temperature")}} if "temperature" in more else {}
    return sdk.messages.create(**{**asked, **more, **temperature})


ASKS = pytest.mark.parametrize("ask", [chat, responses, completions, messages])


def raised(ask: Ask, name: str) -> Any:
    """Return what `pytest.raises` expects: the class of that name in the SDK of `ask`."""
    return pytest.raises(getattr(anthropic if ask is messages else openai, name))


def code_of(error: Any) -> str:
    return error.error_code if isinstance(error, anthropic.APIStatusError) else error.code


async def beyond_all_bounds(_request: web.BaseRequest, _upstream: ScriptedUpstream) -> web.StreamResponse:
    text = '{"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "created": 1e999}'
    return web.Response(text=text, content_type="application/json")


@ASKS
async def test_400_names_the_parameter(house: ModelHouse, ask: Ask) -> None:
    with raised(ask, "BadRequestError") as caught:
        await ask(house, temperature=-1)
    error = caught.value
    assert "temperature" in error.message
    param = error.body["error"]["details"]["param"] if ask is messages else error.param
    assert (code_of(error), param) == ("invalid_value", "temperature")
    assert house.upstream.bodies == []


@ASKS
async def test_a_providers_400_is_the_callers(house: ModelHouse, ask: Ask) -> None:
    told = {"error": {"message": "messages is too long", "code": "too_long", "param": "messages"}}
    house.upstream.handler = replies(told, 400)
    with raised(ask, "BadRequestError") as caught:
        await ask(house)
    named = {chat: "messages", responses: "input", completions: "prompt", messages: "messages"}[ask]
    assert code_of(caught.value) == "too_long"
    assert f"{named} is too long" in caught.value.message


@ASKS
async def test_401_for_an_unknown_key(house: ModelHouse, ask: Ask) -> None:
    with raised(ask, "AuthenticationError") as caught:
        await ask(house, key="wk_wrong")
    assert code_of(caught.value) == "invalid_api_key"


@ASKS
async def test_403_for_a_role_that_may_not(house: ModelHouse, ask: Ask) -> None:
    with raised(ask, "PermissionDeniedError"):
        await ask(house, key=await house.gateway.key(role="viewer"))


@ASKS
async def test_404_for_an_unknown_model(house: ModelHouse, ask: Ask) -> None:
    with raised(ask, "NotFoundError") as caught:
        await ask(house, model="no-such-model")
    assert code_of(caught.value) == "model_not_found"


@ASKS
async def test_413_for_a_body_that_is_too_large(house: ModelHouse, ask: Ask) -> None:
    with raised(ask, "APIStatusError") as caught:
        await ask(house, text="x" * LIMIT_BYTES)
    assert (caught.value.status_code, code_of(caught.value)) == (413, "body_too_large")


@ASKS
async def test_429_when_the_provider_limits(tmp_path, ask: Ask) -> None:
    async with model_house(tmp_path) as house:
        house.upstream.handler = replies({"error": {"message": "slow down"}}, 429, {"Retry-After": "7"})
        with raised(ask, "RateLimitError") as caught:
            await ask(house)
        assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("ask", [chat, messages])
async def test_429_when_the_gateway_limits(tmp_path, ask: Ask) -> None:
    async with model_house(tmp_path, {"RATE_LIMIT": "1r/m"}) as house:
        house.upstream.handler = replies(
            {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
        )
        await ask(house)
        with raised(ask, "RateLimitError") as caught:
            await ask(house)
        assert code_of(caught.value) == "rate_limit_exceeded"


@ASKS
async def test_503_when_the_provider_is_down(tmp_path, ask: Ask) -> None:
    async with model_house(tmp_path) as house:
        house.upstream.handler = replies({"error": {"message": "busy"}}, 503)
        with raised(ask, "InternalServerError") as caught:
            await ask(house)
        assert (caught.value.status_code, code_of(caught.value)) == (503, "provider_unavailable")


@ASKS
async def test_503_when_the_providers_answer_cannot_be_held(tmp_path, ask: Ask) -> None:
    async with model_house(tmp_path) as house:
        house.upstream.handler = beyond_all_bounds
        if ask is chat:
            assert (await ask(house)).choices[0].message.content == "a"
            return
        with raised(ask, "InternalServerError") as caught:
            await ask(house)
        assert code_of(caught.value) == "provider_unavailable"


@ASKS
async def test_a_refused_key_of_our_own_is_not_the_callers_and_never_shown(tmp_path, ask: Ask) -> None:
    async with model_house(tmp_path) as house:
        house.upstream.handler = replies({"error": {"message": f"wrong key {PROVIDER_KEY}"}}, 401)
        with raised(ask, "InternalServerError") as caught:
            await ask(house)
        assert code_of(caught.value) == "provider_auth_failed"
        assert PROVIDER_KEY not in str(caught.value)


@ASKS
async def test_a_stream_that_breaks_raises(tmp_path, ask: Ask) -> None:
    async with model_house(tmp_path) as house:
        house.upstream.handler = streams(chunk({"content": "Hel"}), chunk({"content": "lo"}))
        stream = await ask(house, stream=True)
        with raised(ask, "APIError") as caught:
            async for _ in stream:
                pass
        assert code_of(caught.value) == "upstream_truncated"


@pytest.mark.parametrize("ask", [messages])
async def test_anthropics_sdk_finds_the_request_id(house: ModelHouse, ask: Ask) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        await ask(house, max_tokens=0)
    error = caught.value
    assert error.request_id == error.body["request_id"] == error.response.headers["x-request-id"]
    assert error.type == "invalid_request_error"
