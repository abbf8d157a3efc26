"""What calls cost, in every way a call can end: rows, reports and metrics say the same."""

import asyncio
import re
from collections import defaultdict
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.fakes.kernel.runtime import identity_headers
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import chunk, completion, replies, scripted_upstream, streams

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500}
INPUT, CACHED, OUTPUT = Decimal("0.15"), Decimal("0.075"), Decimal("0.60")
MILLION = 1_000_000
OWN = {"provider": "openai", "model": "house-large", "input": "2", "output": "8", "cache_write": "2.5"}
_LINE = re.compile(r'llm_(tokens|cost_usd)_total\{(?:kind="(\w+)",)?model="([^"]+)",provider="(\w+)"\} (\S+)')


def provider(upstream):
    return {"base_url": upstream.url}


@pytest.fixture
async def upstream():
    async with scripted_upstream() as running:
        running.handler = replies(completion(usage=USAGE))
        yield running


@pytest.fixture
async def gateway(tmp_path, upstream):
    llm = {
        "providers": ["openai", "ollama"],
        "provider": {"openai": provider(upstream), "ollama": provider(upstream)},
        "prices": [OWN],
    }
    async with llm_service(tmp_path, config={"llm": llm}, environ={"OPENAI_API_KEY": "sk-x"}) as running:
        yield running


async def reported(gateway, calls=1, query="by=model"):
    """Return the operator's report once it has `calls` calls."""
    for _ in range(3000):
        response = await gateway.ops.get(f"/admin/usage?{query}")
        assert response.status_code == 200
        if response.json()["totals"]["calls"] >= calls:
            return response.json()
        await asyncio.sleep(0.01)
    raise AssertionError(response.text)


async def settled(gateway, calls=1):
    """Return the rows by model, after holding the metrics against them."""
    report = await reported(gateway, calls)
    counted = defaultdict(Decimal)
    for name, kind, model, provider_, value in _LINE.findall((await gateway.public.get("/metrics")).text):
        counted[f"{provider_}/{model}", kind or name] += Decimal(value)
    for row in report["data"]:
        for kind in ("prompt", "completion", "cached", "cache_write", "reasoning"):
            assert counted.pop((row["key"], kind), 0) == row[f"{kind}_tokens"], (row, kind)
        cost = counted.pop((row["key"], "cost_usd"), Decimal(0))
        assert float(cost) == pytest.approx(float(row["cost_usd"] or 0), rel=1e-12, abs=1e-18)
    assert not counted
    assert sum(Decimal(row["cost_usd"] or 0) for row in report["data"]) == Decimal(
        report["totals"]["cost_usd"]
    )
    return {row["key"]: row for row in report["data"]}


async def ask(
    gateway, *, tenant="tenant-a", user="user-1", roles=("editor",), path="chat/completions", **change
):
    headers = identity_headers("llm-gateway", tenant=tenant, user=user, roles=roles)
    body = {"model": "text-embedding-3-small"} if path == "embeddings" else ASK
    asked = {name: value for name, value in {**body, **change}.items() if value is not None}
    return await gateway.public.post(f"/v1/{path}", json=asked, headers=headers)


def usd(prompt=0, completion_=0, cached=0) -> str:
    cost = (INPUT * (prompt - cached) + CACHED * cached + OUTPUT * completion_) / MILLION
    return format(cost.normalize(), "f")


def with_details(**counts):
    prompt = {name: n for name, n in counts.items() if name in ("cached_tokens", "cache_write_tokens")}
    spent = {name: n for name, n in counts.items() if name == "reasoning_tokens"}
    return {**USAGE, "prompt_tokens_details": prompt, "completion_tokens_details": spent}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        pytest.param(USAGE, usd(1000, 500), id="plain"),
        pytest.param(with_details(cached_tokens=400), usd(1000, 500, 400), id="cached"),
        pytest.param(with_details(reasoning_tokens=450), usd(1000, 500), id="reasoning-is-output"),
        pytest.param({"prompt_tokens": 1, "completion_tokens": 0}, "0.00000015", id="one-token"),
        pytest.param(
            {"prompt_tokens": 3 * 10**9, "completion_tokens": 2**40}, usd(3 * 10**9, 2**40), id="huge"
        ),
    ],
)
async def test_the_providers_count_is_billed_exactly(gateway, upstream, stream, usage, cost):
    last = {**chunk({}), "choices": [], "usage": usage}
    upstream.handler = (
        streams(chunk({"content": "a"}), chunk({}, "stop"), last, "[DONE]")
        if stream
        else replies(completion(usage=usage))
    )
    assert (await ask(gateway, stream=stream)).status_code == 200
    row = (await settled(gateway))["openai/gpt-4o-mini"]
    assert (row["cost_usd"], row["estimated_calls"], row["unpriced_calls"]) == (cost, 0, 0)


async def test_the_operators_own_price_and_what_is_written_to_the_cache(gateway, upstream):
    upstream.handler = replies(completion(usage=with_details(cache_write_tokens=600)))
    response = await ask(gateway, model="openai/house-large-2026-11-01")
    # (400 fresh * 2 + 600 written * 2.5 + 500 out * 8) / 10^6
    assert Decimal(response.json()["wattos_cost_usd"]) == Decimal("0.0063")
    row = (await settled(gateway))["openai/house-large-2026-11-01"]
    assert (row["cost_usd"], row["cache_write_tokens"]) == ("0.0063", 600)


STREAM = {"stream": True, "stream_options": {"include_usage": True}}


def told_by(stream: str) -> list[str]:
    return re.findall(r'"wattos_cost_usd":"([^"]+)"', stream)


WHOLE_ON = {
    "chat/completions": {},
    "completions": {"messages": None, "prompt": "Hi"},
    "responses": {"messages": None, "input": "Hi"},
    "messages": {"max_tokens": 9},
}
STREAM_ON = {
    path: {**asked, **(STREAM if path.endswith("completions") else {"stream": True})}
    for path, asked in WHOLE_ON.items()
}


@pytest.mark.parametrize(("path", "asked"), STREAM_ON.items())
async def test_a_stream_tells_its_cost_with_its_usage(gateway, upstream, path, asked):
    counted = {**chunk({}), "choices": [], "usage": USAGE}
    upstream.handler = streams(chunk({"content": "a"}), chunk({}, "stop"), counted, "[DONE]")
    answer = await ask(gateway, path=path, **asked)
    assert told_by(answer.text) == [usd(1000, 500)]
    *_, last = [line for line in answer.text.splitlines() if '"usage"' in line]
    assert told_by(last)
    assert (await settled(gateway))["openai/gpt-4o-mini"]["cost_usd"] == usd(1000, 500)


@pytest.mark.parametrize(("path", "asked"), [*WHOLE_ON.items(), *STREAM_ON.items()])
@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai/unpriced"])
async def test_what_an_upstream_that_is_a_wattos_says_of_the_cost_is_not_told(
    gateway, upstream, path, asked, model
):
    theirs = {"wattos_cost_usd": "9.5", "wattos_origin": 1e300}
    if "stream" in asked:
        counted = {**chunk({}), "choices": [], "usage": USAGE, **theirs}
        upstream.handler = streams(
            chunk({"content": "a"}), {**chunk({}, "stop"), **theirs}, counted, "[DONE]"
        )
    else:
        upstream.handler = replies({**completion(usage=USAGE), **theirs})
    answer = await ask(gateway, path=path, **{**asked, "model": model})
    assert told_by(answer.text) == ([usd(1000, 500)] if model == "gpt-4o-mini" else [])
    assert '"wattos_origin":1e+300' in answer.text.replace("1e300", "1e+300")


async def test_a_stream_whose_usage_is_estimated_tells_what_its_row_says(gateway, upstream):
    upstream.handler = streams(chunk({"content": "one two three four five"}), chunk({}, "stop"), "[DONE]")
    assert told_by((await ask(gateway, **STREAM)).text) == [usd(6, 5)]
    assert (await settled(gateway))["openai/gpt-4o-mini"]["cost_usd"] == usd(6, 5)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"stream": True}, id="the usage is not asked for"),
        pytest.param({**STREAM, "model": "openai/new"}, id="nobody knows the price"),
    ],
)
async def test_a_stream_without_usage_or_price_tells_no_cost(gateway, upstream, asked):
    counted = {**chunk({}), "choices": [], "usage": USAGE}
    upstream.handler = streams(chunk({"content": "a"}), chunk({}, "stop"), counted, "[DONE]")
    assert told_by((await ask(gateway, **asked)).text) == []


async def test_a_stream_that_breaks_off_tells_its_usage_and_no_cost(gateway, upstream):
    counted = {**chunk({}), "choices": [], "usage": USAGE}
    upstream.handler = streams(chunk({"content": "a"}), counted)
    answer = await ask(gateway, **STREAM)
    assert told_by(answer.text) == []
    assert answer.text.index('"prompt_tokens"') < answer.text.index("upstream_truncated")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_silent_provider_is_estimated_and_says_so(gateway, upstream, stream):
    text = "one two three four five"
    upstream.handler = (
        streams(chunk({"content": text}), chunk({}, "stop"), "[DONE]")
        if stream
        else replies(completion(text))
    )
    await ask(gateway, stream=stream)
    row = (await settled(gateway))["openai/gpt-4o-mini"]
    assert row["estimated_calls"] == 1
    assert (row["prompt_tokens"], row["completion_tokens"]) == (6, 5)
    assert row["cost_usd"] == usd(6, 5)


async def test_a_stream_that_the_caller_leaves_costs_what_was_said(gateway, upstream):
    upstream.handler = streams(chunk({"content": "one two three four five"}), None)
    body, headers = {**ASK, "stream": True}, identity_headers("llm-gateway")
    async with (
        gateway.public.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer,
        aclosing(answer.aiter_lines()) as lines,
    ):
        async for line in lines:
            if "five" in line:
                break
    await asyncio.wait_for(upstream.cancelled.wait(), 20)
    row = (await settled(gateway))["openai/gpt-4o-mini"]
    assert (row["failed_calls"], row["estimated_calls"], row["cost_usd"]) == (1, 1, usd(6, 5))


async def test_a_stream_that_breaks_off_costs_what_was_said(gateway, upstream):
    upstream.handler = streams(chunk({"content": "one two three four five"}))
    await ask(gateway, stream=True)
    row = (await settled(gateway))["openai/gpt-4o-mini"]
    assert (row["failed_calls"], row["estimated_calls"], row["cost_usd"]) == (1, 1, usd(6, 5))


async def test_a_fallback_is_two_calls_and_only_one_costs(gateway, upstream):
    message = {"role": "assistant", "content": "hello"}
    counts = {"prompt_eval_count": 1000, "eval_count": 500}
    of_ollama = {"model": "llama3.2", "message": message, "done": True, "done_reason": "stop", **counts}

    async def first_fails(request, seen):
        failing = seen.bodies[-1]["model"] == "gpt-4o-mini"
        return await (replies({"error": {"message": "x"}}, 500) if failing else replies(of_ollama))(
            request, seen
        )

    upstream.handler = first_fails
    assert (await ask(gateway, model="default")).headers["x-wattos-provider"] == "ollama"
    rows = await settled(gateway, 2)
    failed, answered = rows["openai/gpt-4o-mini"], rows["ollama/llama3.2"]
    assert (failed["failed_calls"], failed["prompt_tokens"], failed["cost_usd"]) == (1, 0, "0")
    # Your own hardware costs nothing per token, and that is known.
    assert (answered["prompt_tokens"], answered["cost_usd"], answered["unpriced_calls"]) == (1000, "0", 0)


async def test_embeddings_cost_their_input(gateway, upstream):
    vectors = [{"object": "embedding", "index": 0, "embedding": [1.0]}]
    body = {
        "object": "list",
        "data": vectors,
        "model": "m",
        "usage": {"prompt_tokens": 1500, "total_tokens": 1500},
    }
    upstream.handler = replies(body)
    assert (await ask(gateway, path="embeddings", input="hello")).status_code == 200
    assert (await settled(gateway))["openai/text-embedding-3-small"]["cost_usd"] == "0.00003"
    assert [row["key"] for row in (await reported(gateway, 1, "by=operation"))["data"]] == ["embeddings"]


async def test_a_model_without_a_price_is_named_and_never_free(gateway, upstream):
    for model in ("openai/new", "openai/new", "openai/newer", "gpt-4o-mini"):
        response = await ask(gateway, model=model)
        assert ("wattos_cost_usd" in response.json()) == (model == "gpt-4o-mini")
    report = await reported(gateway, 4, "by=provider")
    row = report["data"][0]
    assert (row["calls"], row["unpriced_calls"], row["cost_usd"]) == (4, 3, usd(1000, 500))
    assert [(each["model"], each["calls"]) for each in report["unpriced"]] == [("new", 2), ("newer", 1)]
    assert (await settled(gateway, 4))["openai/new"]["cost_usd"] is None
    metrics = (await gateway.public.get("/metrics")).text
    assert 'llm_cost_unknown_total{provider="openai"} 3.0' in metrics


async def test_the_price_is_that_of_the_day(tmp_path, upstream):
    now = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC).timestamp()
    llm = {
        "providers": ["openai"],
        "provider": {"openai": provider(upstream)},
        "prices": [{**OWN, "since": "2026-01-01"}, {**OWN, "input": "4", "since": "2026-12-01"}],
    }
    times = [now]
    async with llm_service(
        tmp_path, config={"llm": llm}, environ={"OPENAI_API_KEY": "x"}, clock=lambda: times[0]
    ) as running:
        await ask(running, model="openai/house-large")
        times[0] += 1
        await ask(running, model="openai/house-large")
        days = (await reported(running, 2, "by=day&until=2026-12-02T00:00:00Z"))["data"]
    assert [(row["day"], row["cost_usd"]) for row in days] == [
        ("2026-11-30", "0.006"),
        ("2026-12-01", "0.008"),
    ]


async def test_rows_are_kept_for_as_many_days_as_the_setting_says(tmp_path, upstream):
    llm = {"providers": ["openai"], "provider": {"openai": provider(upstream)}}
    environ = {"OPENAI_API_KEY": "x", "WATTOS_USAGE_RETENTION_DAYS": "7"}
    period = "since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z"

    @asynccontextmanager
    async def started(day):
        at = datetime(2026, 6, 1, tzinfo=UTC).timestamp() + 86_400 * day
        async with llm_service(tmp_path, config={"llm": llm}, environ=environ, clock=lambda: at) as running:
            yield running
        (tmp_path / "ops.sock").unlink()

    for day in (0, 5):
        async with started(day) as running:
            await ask(running)
            await reported(running, 1 + day // 5, period)
    async with started(7.1) as running:
        for _ in range(3000):
            calls = (await running.ops.get(f"/admin/usage?{period}")).json()["totals"]["calls"]
            if calls == 1:
                break
            await asyncio.sleep(0.01)
    assert calls == 1


async def test_the_operator_sees_every_tenant_and_a_tenant_itself(gateway):
    for tenant in ("school", "school", "office"):
        await ask(gateway, tenant=tenant)
    report = await reported(gateway, 3, "by=tenant")
    assert (report["tenant"], report["by"]) == (None, "tenant")
    assert [(row["key"], row["calls"], row["cost_usd"]) for row in report["data"]] == [
        ("school", 2, "0.0009"),
        ("office", 1, "0.00045"),
    ]
    assert report["totals"]["cost_usd"] == "0.00135"
    one = await reported(gateway, 1, "tenant=office&by=user")
    assert [row["key"] for row in one["data"]] == ["office/user-1"]
    headers = identity_headers("llm-gateway", tenant="office")
    for path in ("/v1/usage", "/api/v1/usage"):
        own = await gateway.public.get(f"{path}?by=tenant", headers=headers)
        assert [(row["tenant"], row["calls"]) for row in own.json()["data"]] == [("office", 1)]


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("editor", 403)])
async def test_who_used_how_much_is_for_the_tenants_admins(gateway, role, status):
    await ask(gateway, tenant="office", user="ann")
    await reported(gateway)
    headers = identity_headers("llm-gateway", tenant="office", roles=(role,))
    answer = await gateway.public.get("/v1/usage?by=user", headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert [row["key"] for row in answer.json()["data"]] == ["office/ann"]


@pytest.mark.parametrize("query", ["by=weekday", "since=x", "tenants=a"])
async def test_a_wrong_question_is_refused(gateway, query):
    for client, path in ((gateway.ops, "/admin/usage"), (gateway.public, "/v1/usage")):
        assert (await client.get(f"{path}?{query}")).status_code == 400


async def test_only_the_operator_may_ask_about_everybody(gateway):
    assert (await gateway.public.get("/admin/usage")).status_code == 404
    assert (await gateway.ops.get("/admin/usage", headers={"authorization": "Bearer x"})).status_code == 401
    assert (await gateway.public.get("/v1/usage?tenant=office")).status_code == 400
