"""What the operator lets a tenant spend for a time, and where a model's money would go."""

import json
from decimal import Decimal

import pytest

from tests.fakes.kernel.runtime import identity_headers
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import completion, replies, scripted_upstream
from wattos_platform.services.llm_gateway.caps import MOST_CAPS, Caps

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 100}
# 1000 tokens in and 1000 out of gpt-4o-mini: 0.00075 USD.
USAGE = {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000}


@pytest.fixture
async def upstream():
    async with scripted_upstream() as running:
        running.handler = replies(completion(usage=USAGE))
        yield running


def gateway(tmp_path, upstream, environ=None, **limits):
    llm = {
        "providers": ["openai"],
        "provider": {"openai": {"base_url": upstream.url}},
        "aliases": {"careful": ["openai/gpt-4o-mini", "local/wattos-extractive"]},
    }
    config = {"llm": llm, "limits": limits}
    return llm_service(tmp_path, config=config, environ={"OPENAI_API_KEY": "sk-test-key", **(environ or {})})


async def ask(service, tenant="loadtest", **change):
    headers = identity_headers("llm-gateway", tenant, "user-1")
    return await service.public.post("/v1/chat/completions", json={**ASK, **change}, headers=headers)


async def cap(service, usd, tenant="loadtest", ttl_s=60, **by):
    body = {"tenant": tenant, "usd_per_day": usd, "ttl_s": ttl_s, **by}
    return await service.ops.post("/admin/budgets", json=body)


async def test_a_capped_tenant_spends_no_more_and_others_are_not_touched(tmp_path, upstream):
    async with gateway(tmp_path, upstream) as service:
        assert (await cap(service, 0.001)).json() == {"tenant": "loadtest", "usd_per_day": "0.001"}
        assert [(await ask(service)).status_code for _ in range(3)] == [200, 200, 429]
        assert (await ask(service, tenant="other")).status_code == 200
        assert (
            await service.ops.post("/admin/budgets/remove", json={"tenant": "loadtest"})
        ).status_code == 200
        assert (await ask(service)).status_code == 200
    assert len(upstream.bodies) == 4


async def test_a_cap_may_end_in_any_digit(tmp_path, upstream):
    async with gateway(tmp_path, upstream) as service:
        assert (await cap(service, "0.000750000001")).status_code == 200
        assert [(await ask(service)).status_code for _ in range(2)] == [200, 429]


async def test_a_cap_of_nothing_leaves_what_is_free(tmp_path, upstream):
    async with gateway(tmp_path, upstream) as service:
        await cap(service, 0)
        refused = await ask(service)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")
        assert (await ask(service, model="wattos-extractive")).status_code == 200
        fallen_back = await ask(service, model="careful")
        assert fallen_back.json()["model"] == "wattos-extractive"
    assert upstream.bodies == []


@pytest.mark.parametrize(
    ("configured", "capped", "answers"), [(1, 0, 0), (0.0001, 5, 0), (5, 0.0001, 0), (5, 5, 2)]
)
async def test_the_lower_of_a_budget_and_a_cap_holds(tmp_path, upstream, configured, capped, answers):
    async with gateway(tmp_path, upstream, tenant={"usd_per_day": configured}) as service:
        await cap(service, capped)
        # Each is estimated at 0.00006 USD and costs 0.00075.
        codes = [(await ask(service, max_tokens=1000)).status_code for _ in range(2)]
    assert codes.count(200) == answers


async def test_of_several_caps_the_lowest_holds_while_it_lasts(tmp_path, upstream):
    async with gateway(tmp_path, upstream) as service:
        await cap(service, 5, by="first")
        await cap(service, 0, by="second")
        await cap(service, 7, by="first")
        assert (await ask(service)).status_code == 429
        await service.ops.post("/admin/budgets/remove", json={"tenant": "loadtest", "by": "second"})
        assert (await ask(service)).status_code == 200
        await cap(service, 0, by="first")
        assert (await ask(service)).status_code == 429
        await service.ops.post("/admin/budgets/remove", json={"tenant": "loadtest", "by": "first"})
        assert (await ask(service)).status_code == 200


def test_a_cap_that_is_over_leaves_the_others():
    now = 0.0
    caps = Caps(lambda: now)
    caps.put("t", Decimal(1), 10.0, "short")
    caps.put("t", Decimal(2), 20.0, "long")
    lowest = []
    for now in (9.0, 10.0, 20.0):  # noqa: B007 - the clock above reads it
        draw = caps.over("t", None)
        lowest.append(draw and draw.budgets[0].cap)
    assert lowest == [10**9, 2 * 10**9, None]
    assert not caps


def test_caps_whose_time_is_over_make_room_for_others():
    now = 0.0
    caps = Caps(lambda: now)
    for number in range(MOST_CAPS):
        assert caps.put(f"tenant-{number}", Decimal(1), 10.0)
    assert not caps.put("another", Decimal(1), 10.0)
    now = 11.0
    assert caps.put("another", Decimal(1), 10.0)


async def test_a_cap_ends_by_itself(tmp_path, upstream):
    async with gateway(tmp_path, upstream) as service:
        await cap(service, 0, ttl_s=0.001)
        assert (await ask(service)).status_code == 200


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"tenant": "t", "usd_per_day": -1, "ttl_s": 1}, "usd_per_day"),
        ({"tenant": "", "usd_per_day": 1, "ttl_s": 1}, "tenant"),
        ({"tenant": "t", "usd_per_day": 1}, "ttl_s"),
        ({"tenant": "t", "usd_per_day": 1, "ttl_s": 1e9}, "ttl_s"),
    ],
    ids=["negative", "nobody", "no-end", "a-year"],
)
async def test_a_wrong_cap_is_refused_by_name(tmp_path, upstream, body, names):
    async with gateway(tmp_path, upstream) as service:
        answer = await service.ops.post("/admin/budgets", json=body)
    assert answer.status_code == 422
    assert names in json.dumps(answer.json())


async def test_where_the_money_of_a_model_goes(tmp_path, upstream):
    async with gateway(tmp_path, upstream) as service:
        told = (await service.ops.get("/admin/models/targets?model=careful")).json()
        assert told["providers"] == [{"name": "openai", "simulated": False}]
        targets = told["targets"]
        paid = {"provider": "openai", "model": "gpt-4o-mini", "simulated": False, "price": "paid"}
        free = {"provider": "local", "model": "wattos-extractive", "simulated": False, "price": "free"}
        assert targets == [paid, free]
        unheard = (await service.ops.get("/admin/models/targets?model=openai/unheard-of")).json()["targets"]
        assert [target["price"] for target in unheard] == ["unknown"]
        assert (await service.ops.get("/admin/models/targets?model=nobody-has-it")).status_code == 404
        assert (await service.public.get("/admin/models/targets?model=careful")).status_code == 404


async def test_a_provider_that_is_the_simulator_is_told(tmp_path, upstream):
    async with gateway(tmp_path, upstream, {"WATTOS_SIMULATOR_URL": upstream.url}) as service:
        (target,) = (await service.ops.get("/admin/models/targets?model=gpt-4o")).json()["targets"]
    assert (target["simulated"], target["price"]) == (True, "paid")


@pytest.mark.parametrize("simulated", [True, False])
async def test_callers_are_told_which_aliases_cost_nothing(tmp_path, upstream, simulated):
    environ = {"WATTOS_SIMULATOR_URL": upstream.url} if simulated else {}
    async with gateway(tmp_path, upstream, environ) as service:
        listed = (await service.public.get("/v1/models")).json()["data"]
        alone = (await service.public.get("/v1/models/careful")).json()
    told = {each["id"]: each["wattos_free"] for each in listed if "wattos_alias_of" in each}
    assert told == {"default": simulated, "careful": simulated}
    assert alone["wattos_free"] == simulated
