"""What calls to an OpenAI-compatible upstream used and cost, in rows and in metrics."""

import pytest

from tests.fakes.llm.asking import USAGE, post, stream, usage_of
from tests.fakes.llm.upstream import chunk, completion, replies, streams


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-52")])
async def test_cost_is_price_times_tokens_exactly(gateway, upstream, id_):
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway)
    row = (await usage_of(gateway))["data"][0]
    # (600 fresh * 0.15 + 400 cached * 0.075 + 500 out * 0.60) / 10^6
    assert row["cost_usd"] == "0.00042"
    assert (row["cached_tokens"], row["reasoning_tokens"], row["estimated_calls"]) == (400, 100, 0)


async def test_a_silent_provider_is_estimated_and_says_so(gateway, upstream):
    upstream.handler = replies(completion("one two three four five"))
    await post(gateway)
    row = (await usage_of(gateway))["data"][0]
    assert row["estimated_calls"] == 1
    assert row["completion_tokens"] == 5
    assert row["cost_usd"] != "0"


async def test_a_model_without_a_price_is_never_free(gateway, upstream):
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway, model="openai/some-new-model")
    totals = (await usage_of(gateway))["totals"]
    assert totals["unpriced_calls"] == 1


async def test_metrics_tell_tokens_cost_and_overhead(gateway, upstream):
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway)
    metrics = (await gateway.public.get("/metrics")).text
    provider = 'provider="openai"'
    labels = f'model="gpt-4o-mini",{provider}'
    for line in (
        f'llm_calls_total{{error_type="",model="gpt-4o-mini",operation="chat",outcome="ok",{provider}}} 1.0',
        f'llm_tokens_total{{kind="prompt",{labels}}} 1000.0',
        f"llm_cost_usd_total{{{labels}}} 0.00042",
        f"llm_call_duration_seconds_count{{{labels}}} 1.0",
        "llm_overhead_seconds_count 1.0",
    ):
        assert line in metrics
    # A whole answer has no first token and no pace.
    assert "llm_time_to_first_token_seconds_count" not in metrics


@pytest.mark.parametrize("gateway", [{"WATTOS_OTEL_GENAI": "true"}, {}], indirect=True, ids=["on", "off"])
async def test_calls_are_counted_under_the_conventions_names_where_that_is_on(request, gateway, upstream):
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway)
    metrics = (await gateway.public.get("/metrics")).text
    if request.node.callspec.id == "off":
        assert "gen_ai" not in metrics
        return
    names = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o-mini"'
    for line in (
        f'gen_ai_client_token_usage_sum{{{names},gen_ai_token_type="input"}} 1000.0',
        f'gen_ai_client_token_usage_sum{{{names},gen_ai_token_type="output"}} 500.0',
        f'gen_ai_client_operation_duration_seconds_count{{error_type="",{names}}} 1.0',
    ):
        assert line in metrics
    upstream.handler = streams(
        chunk({"content": "a"}), chunk({}, "stop"), {**chunk({}), "choices": [], "usage": USAGE}, "[DONE]"
    )
    await stream(gateway)
    metrics = (await gateway.public.get("/metrics")).text
    for family in ("time_to_first_token", "time_per_output_token"):
        assert f"gen_ai_server_{family}_seconds_count{{{names}}} 1.0" in metrics


async def test_names_that_callers_make_up_are_one_series(gateway, upstream):
    upstream.handler = replies({"error": {"message": "no such model"}}, 404)
    for number in range(5):
        assert (await post(gateway, model=f"openai/made-up-{number}")).status_code == 404
    upstream.handler = replies(completion(usage=USAGE))
    await post(gateway, model="openai/unlisted-but-served")
    metrics = (await gateway.public.get("/metrics")).text
    assert "made-up" not in metrics
    missing = 'error_type="provider_model_missing",model="other",operation="chat",outcome="error"'
    assert f'llm_calls_total{{{missing},provider="openai"}} 5.0' in metrics
    assert 'model="unlisted-but-served"' in metrics


async def test_only_streams_have_a_first_token_and_a_pace(gateway, upstream):
    upstream.handler = streams(
        chunk({"content": "a"}), chunk({}, "stop"), {**chunk({}), "choices": [], "usage": USAGE}, "[DONE]"
    )
    await stream(gateway)
    metrics = (await gateway.public.get("/metrics")).text
    for family in ("llm_time_to_first_token_seconds", "llm_time_per_output_token_seconds"):
        assert f'{family}_count{{model="gpt-4o-mini",provider="openai"}} 1.0' in metrics


async def test_what_was_counted_before_a_stream_broke_off_is_only_a_beginning(gateway, upstream):
    early = {"prompt_tokens": 1000, "completion_tokens": 1, "total_tokens": 1001}
    upstream.handler = streams(
        chunk({"content": "one two three four five six seven eight"}),
        {**chunk({}), "choices": [], "usage": early},
    )
    await stream(gateway)
    row = (await usage_of(gateway))["data"][0]
    assert (row["prompt_tokens"], row["estimated_calls"]) == (1000, 1)
    assert row["completion_tokens"] >= 8
