"""Rate limits of users, tenants, addresses and credentials, as callers meet them."""

from pathlib import Path

import pytest

from tests.fakes.services.gateway import running_gateway

CONVERSATIONS = "/api/v1/conversations"


async def statuses(gateway, count: int, headers, path: str = CONVERSATIONS) -> list[int]:
    return [(await gateway.call("GET", path, headers=headers)).status_code for _ in range(count)]


async def test_a_user_has_a_burst_and_then_429_with_when_to_come_back(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, environ={"RATE_LIMIT": "3r/m"}) as gateway:
        headers = await gateway.headers()
        first = await gateway.call("GET", CONVERSATIONS, headers=headers)
        assert first.headers["ratelimit-policy"] == '"user";q=3;w=60, "tenant";q=1000;w=60'
        assert first.headers["ratelimit"].startswith('"user";r=2;t=')
        assert await statuses(gateway, 3, headers) == [200, 200, 429]
        refused = await gateway.call("GET", CONVERSATIONS, headers=headers)
        assert refused.json()["code"] == "rate_limit_exceeded"
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        openai = await gateway.call("GET", "/v1/models", headers=headers)
        assert openai.json()["error"]["type"] == "rate_limit_error"
        assert await statuses(gateway, 1, await gateway.headers(user="bob")) == [200]
        gateway.offset_s[0] = 20
        assert await statuses(gateway, 2, headers) == [200, 429]
        assert len(gateway.upstreams["chat"].seen) == 5


async def test_the_tenants_limit_counts_all_its_users_and_a_refusal_costs_the_user_nothing(
    tmp_path: Path,
) -> None:
    environ = {"RATE_LIMIT": "4r/m", "WATTOS_TENANT_RATE_LIMIT": "3r/m"}
    async with running_gateway(tmp_path, environ=environ) as gateway:
        ada, bob = await gateway.headers(user="ada"), await gateway.headers(user="bob")
        assert await statuses(gateway, 2, ada) == [200, 200]
        assert await statuses(gateway, 2, bob) == [200, 429]
        refused = await gateway.call("GET", CONVERSATIONS, headers=bob)
        assert "tenant limit" in refused.json()["message"]
        assert await statuses(gateway, 1, await gateway.headers(tenant="tenant-b")) == [200]


async def test_a_caller_without_identity_counts_by_address(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, environ={"WATTOS_IP_RATE_LIMIT": "2r/m"}) as gateway:
        assert await statuses(gateway, 3, {}) == [401, 401, 429]
        assert await statuses(gateway, 1, {"x-forwarded-for": "198.51.100.7"}) == [429]
        assert await statuses(gateway, 1, await gateway.headers()) == [200]


async def test_a_configured_proxys_word_on_the_address_counts(tmp_path: Path) -> None:
    environ = {"WATTOS_IP_RATE_LIMIT": "1r/m", "WATTOS_TRUSTED_PROXIES": "127.0.0.0/8"}
    async with running_gateway(tmp_path, environ=environ) as gateway:
        assert await statuses(gateway, 2, {"x-forwarded-for": "198.51.100.7"}) == [401, 429]
        assert await statuses(gateway, 1, {"x-forwarded-for": "198.51.100.8"}) == [401]


async def test_a_credential_may_bear_a_limit_of_its_own_and_a_tenant_too(tmp_path: Path) -> None:
    config = {"limits": {"tenants": {"loadtest": {"user": "5r/m", "tenant": "9r/m"}}}}
    async with running_gateway(tmp_path, environ={"RATE_LIMIT": "1r/m"}, config=config) as gateway:
        own = await gateway.headers(limits={"per_minute": 3})
        assert await statuses(gateway, 4, own) == [200, 200, 200, 429]
        signed = await gateway.headers(limits={"per_minute": 2}, jwt=True)
        assert await statuses(gateway, 3, signed) == [200, 200, 429]
        assert await statuses(gateway, 2, await gateway.headers()) == [200, 429]
        assert await statuses(gateway, 6, await gateway.headers(tenant="loadtest")) == [200] * 5 + [429]


@pytest.mark.parametrize("path", ["/api/v1/audit"])
async def test_what_is_forbidden_is_limited_too(tmp_path: Path, path: str) -> None:
    async with running_gateway(tmp_path, environ={"RATE_LIMIT": "2r/m"}) as gateway:
        assert await statuses(gateway, 3, await gateway.headers(), path) == [403, 403, 429]


async def test_decisions_are_counted(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, environ={"RATE_LIMIT": "1r/m"}) as gateway:
        await statuses(gateway, 2, await gateway.headers())
        text = (await gateway.served.public.get("/metrics")).text
        assert 'rate_limit_decisions_total{decision="refused",limit="user"} 1.0' in text
