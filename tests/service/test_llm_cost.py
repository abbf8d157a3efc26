"""What calls cost, in every way a call can end: rows, reports and metrics say the same."""

import asyncio

import pytest

from tests.fakes.llm_service import llm_service
from tests.fakes.llm_upstream import completion, replies, scripted_upstream
from tests.fakes.runtime import identity_headers

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500}
COST = "0.00045"  # (1000 * 0.15 + 500 * 0.60) / 10^6


@pytest.fixture
async def upstream():
    async with scripted_upstream() as running:
        running.handler = replies(completion(usage=USAGE))
        yield running


@pytest.fixture
async def gateway(tmp_path, upstream):
    config = {"llm": {"providers": ["openai"], "provider": {"openai": {"base_url": upstream.url}}}}
    async with llm_service(tmp_path, config=config, environ={"OPENAI_API_KEY": "sk-x"}) as running:
        yield running


async def reported(gateway, calls=1, query=""):
    """Return the operator's report once it has `calls` calls."""
    for _ in range(200):
        response = await gateway.ops.get(f"/admin/usage?{query}")
        assert response.status_code == 200
        if response.json()["totals"]["calls"] >= calls:
            return response.json()
        await asyncio.sleep(0.01)
    raise AssertionError(response.text)


async def ask(gateway, *, tenant="tenant-a", user="user-1", **change):
    headers = identity_headers("llm-gateway", tenant=tenant, user=user)
    return await gateway.door.post("/v1/chat/completions", json={**ASK, **change}, headers=headers)


async def test_the_operator_sees_every_tenant_and_a_tenant_itself(gateway):
    for tenant in ("school", "school", "office"):
        await ask(gateway, tenant=tenant)
    report = await reported(gateway, 3, "by=tenant")
    assert (report["tenant"], report["by"]) == (None, "tenant")
    assert [(row["key"], row["calls"], row["cost_usd"]) for row in report["data"]] == [
        ("school", 2, "0.0009"),
        ("office", 1, COST),
    ]
    assert report["totals"]["cost_usd"] == "0.00135"
    one = await reported(gateway, 1, "tenant=office&by=user")
    assert [row["key"] for row in one["data"]] == ["office/user-1"]
    for path in ("/v1/usage", "/api/v1/usage"):
        own = await gateway.door.get(
            f"{path}?by=tenant", headers=identity_headers("llm-gateway", tenant="office")
        )
        assert [(row["tenant"], row["calls"]) for row in own.json()["data"]] == [("office", 1)]


@pytest.mark.parametrize("query", ["by=weekday", "since=x", "tenants=a"])
async def test_a_wrong_question_is_refused(gateway, query):
    for client, path in ((gateway.ops, "/admin/usage"), (gateway.door, "/v1/usage")):
        assert (await client.get(f"{path}?{query}")).status_code == 400


async def test_only_the_operator_may_ask_about_everybody(gateway):
    assert (await gateway.door.get("/admin/usage")).status_code == 404
    assert (await gateway.ops.get("/admin/usage", headers={"authorization": "Bearer x"})).status_code == 401
    assert (await gateway.door.get("/v1/usage?tenant=office")).status_code == 400
