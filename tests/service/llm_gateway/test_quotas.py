"""Tokens a minute, streams at once, dollars a day: the real model gateway over a scripted upstream."""

import asyncio
import json

import pytest

from tests.fakes.kernel.runtime import identity_headers
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import chunk, completion, replies, scripted_upstream, streams

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 100}
# 1000 tokens in and 1000 out of gpt-4o-mini: 0.00075 USD.
USAGE = {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000}
COST = 0.00075


@pytest.fixture
async def upstream():
    async with scripted_upstream() as running:
        running.handler = replies(completion(usage=USAGE))
        yield running


def config(upstream, **limits):
    llm = {"providers": ["openai"], "provider": {"openai": {"base_url": upstream.url}}}
    return {"llm": llm, "limits": limits}


def gateway(tmp_path, upstream, **limits):
    return llm_service(tmp_path, config=config(upstream, **limits), environ={"OPENAI_API_KEY": "sk-test-key"})


async def ask(service, user="user-1", tenant="tenant-a", **change):
    headers = identity_headers("llm-gateway", tenant, user)
    return await service.public.post("/v1/chat/completions", json={**ASK, **change}, headers=headers)


def error_of(response):
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-59")])
async def test_tokens_of_a_minute_are_settled_by_what_was_really_used(tmp_path, upstream, id_):
    async with gateway(tmp_path, upstream, tenant={"tokens_per_minute": 3000}) as service:
        assert (await ask(service)).status_code == 200
        assert (await ask(service)).status_code == 200
        refused = await ask(service)
    assert error_of(refused) == (429, "rate_limit_exceeded")
    assert refused.json()["error"]["message"].startswith("The tenant tenant-a may use 3000 tokens a minute")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert len(upstream.bodies) == 2


async def test_a_failed_call_gives_its_tokens_back(tmp_path, upstream):
    upstream.handler = replies({"error": {"message": "no"}}, status=400)
    async with gateway(tmp_path, upstream, tenant={"tokens_per_minute": 150}) as service:
        assert [(await ask(service)).status_code for _ in range(5)] == [400] * 5


async def test_who_asks_for_a_million_tokens_waits_for_a_full_bucket_not_for_ever(tmp_path, upstream):
    async with gateway(tmp_path, upstream, tenant={"tokens_per_minute": 3000}) as service:
        assert (await ask(service, max_tokens=1_000_000)).status_code == 200


@pytest.mark.parametrize(
    ("limits", "other"),
    [
        ({"user": {"tokens_per_minute": 1000}}, {"user": "user-2"}),
        ({"tenant": {"tokens_per_minute": 1000}}, {"tenant": "tenant-b"}),
        ({"users": {"tenant-a/user-1": {"tokens_per_minute": 1000}}}, {"user": "user-2"}),
        ({"tenants": {"tenant-a": {"tokens_per_minute": 1000}}}, {"tenant": "tenant-b"}),
        ({"models": {"gpt-4o-mini": {"tokens_per_minute": 1000}}}, {"model": "gpt-4o"}),
        ({"model": {"tokens_per_minute": 1000}}, {"model": "gpt-4o"}),
    ],
    ids=["each-user", "each-tenant", "one-user", "one-tenant", "one-model", "each-model"],
)
async def test_a_quota_is_one_account_s_alone(tmp_path, upstream, limits, other):
    async with gateway(tmp_path, upstream, **limits) as service:
        assert (await ask(service)).status_code == 200
        assert (await ask(service)).status_code == 429
        assert (await ask(service, **other)).status_code == 200


async def test_a_shadow_quota_counts_and_refuses_nobody(tmp_path, upstream):
    shadow = {"tokens_per_minute": 10, "usd_per_day": 0.000001, "concurrent_streams": 1, "shadow": True}
    async with gateway(tmp_path, upstream, tenant=shadow) as service:
        assert [(await ask(service)).status_code for _ in range(3)] == [200] * 3
        metrics = (await service.public.get("/metrics")).text
    assert 'rate_limit_decisions_total{decision="shadow_refused",limit="tenant_tokens"} 2.0' in metrics
    assert 'rate_limit_decisions_total{decision="shadow_refused",limit="tenant_usd"} 3.0' in metrics


async def test_of_64_at_once_a_budget_is_overshot_by_one_at_most(tmp_path, upstream):
    async with gateway(tmp_path, upstream, tenant={"usd_per_day": 0.003}) as service:
        # Each reserves less than it will cost: the prompt is counted by the provider.
        answers = await asyncio.gather(*(ask(service, max_tokens=1000) for _ in range(64)))
        statuses = [answer.status_code for answer in answers]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert error_of(refused) == (429, "insufficient_quota")
        assert "0.003 USD a day of the tenant tenant-a" in refused.json()["error"]["message"]
        assert (await ask(service)).status_code == 429
    spent = statuses.count(200) * COST
    assert 0.003 - COST <= spent <= 0.003 + COST


async def test_a_restart_forgets_no_spending(tmp_path, upstream):
    async with gateway(tmp_path, upstream, tenant={"usd_per_day": 0.001}) as service:
        assert (await ask(service)).status_code == 200
        assert (await ask(service)).status_code == 200
        assert (await ask(service)).status_code == 429
    (tmp_path / "ops.sock").unlink()
    async with gateway(tmp_path, upstream, tenant={"usd_per_day": 0.001}) as service:
        assert (await ask(service)).status_code == 429


async def test_a_model_without_a_price_is_refused_under_a_budget(tmp_path, upstream):
    async with gateway(tmp_path, upstream, tenant={"usd_per_day": 1}) as service:
        assert error_of(await ask(service, model="openai/unheard-of")) == (403, "price_unknown")
        assert (await ask(service, model="wattos-extractive")).status_code == 200
    assert upstream.bodies == []


async def test_a_shadow_budget_counts_a_model_without_a_price_and_lets_it_pass(tmp_path, upstream):
    async with gateway(tmp_path, upstream, tenant={"usd_per_day": 1, "shadow": True}) as service:
        assert (await ask(service, model="openai/unheard-of")).status_code == 200
        metrics = (await service.public.get("/metrics")).text
        assert 'rate_limit_decisions_total{decision="shadow_refused",limit="tenant_usd"} 1.0' in metrics


async def test_streams_at_once_are_counted_until_they_end(tmp_path, upstream):
    upstream.handler = streams(chunk({"content": "a"}), None, chunk({}, "stop"), "[DONE]")
    async with gateway(tmp_path, upstream, user={"concurrent_streams": 2}) as service:
        headers = identity_headers("llm-gateway", "tenant-a", "user-1")
        opened = [asyncio.create_task(whole_stream(service, headers)) for _ in range(2)]
        while len(upstream.bodies) < 2:
            await asyncio.sleep(0.01)
        assert error_of(await ask(service, stream=True)) == (429, "too_many_streams")
        upstream.go.set()
        assert await asyncio.gather(*opened) == [200, 200]
        assert (await ask(service, stream=True)).status_code == 200


async def test_who_leaves_a_stream_gives_the_place_back(tmp_path, upstream):
    upstream.handler = streams(chunk({"content": "a"}), None)
    async with gateway(tmp_path, upstream, user={"concurrent_streams": 1}) as service:
        headers = identity_headers("llm-gateway", "tenant-a", "user-1")
        leaving = asyncio.create_task(whole_stream(service, headers))
        while not upstream.bodies:
            await asyncio.sleep(0.01)
        leaving.cancel()
        upstream.handler = streams(chunk({"content": "a"}), chunk({}, "stop"), "[DONE]")
        for _ in range(3000):
            if (await ask(service, stream=True)).status_code == 200:
                return
            await asyncio.sleep(0.02)
    raise AssertionError("the place was never given back")


async def whole_stream(service, headers):
    async with service.public.stream(
        "POST", "/v1/chat/completions", json={**ASK, "stream": True}, headers=headers
    ) as response:
        async for _ in response.aiter_lines():
            pass
        return response.status_code


async def test_a_reload_changes_limits_while_requests_run(tmp_path, upstream):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config(upstream)))
    environ = {"OPENAI_API_KEY": "sk-test-key", "WATTOS_CONFIG_FILE": str(file)}
    async with llm_service(tmp_path, config=config(upstream), environ=environ) as service:
        upstream.handler = streams(chunk({"content": "a"}), None, chunk({}, "stop"), "[DONE]")
        running = asyncio.create_task(whole_stream(service, identity_headers("llm-gateway")))
        while not upstream.bodies:
            await asyncio.sleep(0.01)

        # Another address of the same provider, and a quota that is used up at once.
        async with scripted_upstream() as second:
            second.handler = replies(completion(usage=USAGE))
            file.write_text(json.dumps(config(second, tenant={"tokens_per_minute": 2000})))
            answer = await service.ops.post("/admin/reload")
            assert (answer.status_code, answer.json()) == (
                200,
                {"changed": ["providers", "limits"], "problems": []},
            )
            assert (await ask(service)).status_code == 200
            assert (await ask(service)).status_code == 429
            assert len(second.bodies) == 1

            upstream.go.set()
            assert await running == 200

            assert (await service.ops.post("/admin/reload")).json()["changed"] == []


async def test_a_new_provider_without_a_key_is_told(tmp_path, upstream):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"llm": {"providers": ["openai", "anthropic"]}}))
    environ = {"OPENAI_API_KEY": "sk-test-key", "WATTOS_CONFIG_FILE": str(file)}
    async with llm_service(tmp_path, config=config(upstream), environ=environ) as service:
        assert (await service.ops.post("/admin/reload")).json() == {
            "changed": ["providers"],
            "problems": ["provider anthropic: it has no key: set ANTHROPIC_API_KEY"],
        }


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("{", "cannot be read"),
        ('{"limits": {"tenant": {"tokens_per_minute": 0}}}', "limits.tenant.tokens_per_minute"),
        ('{"limits": {"tenants": {"a": {"tokens": 5}}}}', "limits.tenants.a.tokens"),
        ('{"llm": {"providers": ["nobody"]}}', "llm.providers"),
        ('{"llm": {"prices": [{"provider": "x"}]}}', "llm.prices"),
    ],
    ids=["no-json", "zero", "unknown-quota", "unknown-provider", "half-a-price"],
)
async def test_a_bad_file_leaves_everything_as_it_was(tmp_path, upstream, broken, reason):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config(upstream)))
    environ = {"OPENAI_API_KEY": "sk-test-key", "WATTOS_CONFIG_FILE": str(file)}
    async with llm_service(tmp_path, config=config(upstream), environ=environ) as service:
        file.write_text(broken)
        refused = await service.ops.post("/admin/reload")
        assert (refused.status_code, refused.json()["code"]) == (422, "configuration_invalid")
        assert reason in refused.json()["message"]
        assert (await ask(service)).status_code == 200


async def test_only_the_operator_may_reload(tmp_path, upstream):
    async with gateway(tmp_path, upstream) as service:
        assert (await service.public.post("/admin/reload")).status_code == 404
        assert (await service.ops.post("/admin/reload", headers={"authorization": ""})).status_code == 401


async def test_a_limit_for_a_model_that_nobody_serves_is_logged_with_the_nearest(tmp_path, upstream):
    limited = ["gpt-4o", "openai/gpt-4.1", "wattos-minilm", "defautl"]
    models = {name: {"tokens_per_minute": 1000} for name in limited}
    lines: list[bytes] = []
    environ = {"OPENAI_API_KEY": "sk-test-key"}
    async with llm_service(
        tmp_path, config=config(upstream, models=models), environ=environ, lines=lines
    ) as service:
        assert (await ask(service)).status_code == 200
    (told,) = [line for line in map(json.loads, lines) if line["event"] == "limits.unknown_model"]
    assert (told["level"], told["model"]) == ("warning", "defautl")
    assert told["message"].endswith("is known to serve 'defautl'. Did you mean 'default'?")


SPENT = {"tenant": {"usd_per_day": 0.000001}}


def with_aliases(upstream, limits, **aliases):
    found = config(upstream, **limits)
    found["llm"] = {**found["llm"], "aliases": aliases}
    return found


def answered_by(response):
    assert response.status_code == 200, response.text
    return response.headers["x-wattos-provider"], response.headers["x-wattos-model"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_with_a_spent_budget_an_alias_goes_on_to_what_is_free(tmp_path, upstream, stream):
    async with gateway(tmp_path, upstream, **SPENT) as service:
        free = await ask(service, model="default", stream=stream)
        assert answered_by(free) == ("local", "wattos-extractive")
        assert error_of(await ask(service, model="gpt-4o-mini", stream=stream)) == (429, "insufficient_quota")
        metrics = (await service.public.get("/metrics")).text
    assert upstream.bodies == []
    assert 'llm_fallbacks_total{from="openai",to="local"} 1.0' in metrics
    assert 'rate_limit_decisions_total{decision="allowed",limit="tenant_usd"} 1.0' in metrics
    assert 'rate_limit_decisions_total{decision="refused",limit="tenant_usd"} 1.0' in metrics


async def test_with_a_spent_budget_nothing_is_left_of_a_chain_in_which_nothing_is_free(tmp_path, upstream):
    paid = with_aliases(upstream, SPENT, paid=["openai/gpt-4o", "openai/gpt-4o-mini"])
    async with llm_service(tmp_path, config=paid, environ={"OPENAI_API_KEY": "sk-test-key"}) as service:
        refused = await ask(service, model="paid")
    assert error_of(refused) == (429, "insufficient_quota")
    assert upstream.bodies == []


@pytest.mark.parametrize(
    ("usd", "model"),
    [
        pytest.param(1, "gpt-4o", id="all-is-covered"),
        # An answer of 100 tokens: a thousandth of a dollar of gpt-4o, less than a ten thousandth of mini.
        pytest.param(0.0005, "gpt-4o-mini", id="the-cheaper-is"),
        pytest.param(0.000001, "wattos-extractive", id="nothing-is"),
    ],
)
async def test_a_budget_goes_as_far_down_the_chain_as_it_must(tmp_path, upstream, usd, model):
    limits = {"user": {"usd_per_day": usd}}
    chain = with_aliases(upstream, limits, best=["openai/gpt-4o", "openai/gpt-4o-mini", "local"])
    async with llm_service(tmp_path, config=chain, environ={"OPENAI_API_KEY": "sk-test-key"}) as service:
        assert answered_by(await ask(service, model="best"))[1] == model


async def test_a_model_without_a_price_is_no_way_around_a_spent_budget(tmp_path, upstream):
    chain = with_aliases(upstream, SPENT, any=["openai/gpt-4o", "openai/house-model", "local"])
    async with llm_service(tmp_path, config=chain, environ={"OPENAI_API_KEY": "sk-test-key"}) as service:
        assert answered_by(await ask(service, model="any"))[0] == "local"
    assert upstream.bodies == []


async def test_what_went_on_for_free_takes_nothing_of_the_budget(tmp_path, upstream):
    limits = {"tenant": {"usd_per_day": 0.001}}
    async with gateway(tmp_path, upstream, **limits) as service:
        assert answered_by(await ask(service, model="default"))[0] == "openai"
        for _ in range(3):
            assert answered_by(await ask(service, model="default", max_tokens=1000))[0] == "local"
        assert answered_by(await ask(service, model="default"))[0] == "openai"


async def test_a_shadow_budget_changes_nobodys_chain(tmp_path, upstream):
    shadow = {"tenant": {"usd_per_day": 0.000001, "shadow": True}}
    async with gateway(tmp_path, upstream, **shadow) as service:
        assert answered_by(await ask(service, model="default"))[0] == "openai"
