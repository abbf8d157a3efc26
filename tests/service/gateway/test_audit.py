"""Who did what is kept for the tenant, and shown to its admins alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.services.gateway import Gateway, running_gateway
from wattos_platform.contracts.settings import SettingsError
from wattos_platform.kernel.cursors import cursor_behind

pytestmark = pytest.mark.asyncio(loop_scope="module")
APP = "https://app.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    environ = {"ALLOWED_ORIGINS": f"{APP}, http://localhost:3000", "RATE_LIMIT": "999r/m"}
    async with running_gateway(tmp_path_factory.mktemp("gateway"), environ=environ) as running:
        yield running


async def rows_of(gateway: Gateway, tenant: str, count: int) -> list[dict[str, Any]]:
    """Return the newest rows of the tenant once there are `count` beside those of asking."""
    headers = await gateway.headers(tenant=tenant, user="auditor", role="admin")
    for _ in range(3000):
        answer = await gateway.call("GET", "/api/v1/audit?limit=200", headers=headers)
        rows = [row for row in answer.json()["items"] if row["user"] != "auditor"]
        if len(rows) >= count:
            return rows
        await asyncio.sleep(0.02)
    raise AssertionError(rows)


@pytest.mark.parametrize("defect", [pytest.param(17, id="defect-17")])
async def test_every_outcome_is_audited_with_its_true_status_and_no_secret(
    gateway: Gateway, defect: int
) -> None:
    headers = await gateway.headers(tenant="school", user="ada", role="editor")
    gateway.upstreams["rag"].answer = (507, [], b"{}")
    body = {"query": "my password is hunter2"}
    await gateway.call("POST", "/api/v1/search?token=geheim", json=body, headers=headers)
    await gateway.call("DELETE", "/api/v1/knowledge-spaces/s1", headers=headers)
    await gateway.call("POST", "/v1/embeddings", content=b"x" * 21_000_000, headers=headers)
    rows = await rows_of(gateway, "school", 2)
    shown = [(row["user"], row["method"], row["route"], row["status"]) for row in rows]
    assert shown == [
        ("ada", "DELETE", "/api/v1/knowledge-spaces/{space_id}", 403),
        ("ada", "POST", "/api/v1/search", 507),
    ]
    assert all(row["duration_ms"] > 0 and row["request_id"] and row["credential_id"] for row in rows)
    kept = b"".join(path.read_bytes() for path in gateway.database.path.parent.glob("gateway.db*"))
    assert b"hunter2" not in kept
    assert b"geheim" not in kept
    assert headers["authorization"].removeprefix("Bearer ").encode() not in kept


async def test_a_tenant_sees_its_own_rows_only_and_only_as_admin(gateway: Gateway) -> None:
    for tenant in ("bank", "town"):
        await gateway.call("GET", "/v1/models", headers=await gateway.headers(tenant=tenant, user="eve"))
    rows = await rows_of(gateway, "bank", 1)
    assert {row["tenant"] for row in rows} == {"bank"}
    for role in ("editor", "viewer"):
        headers = await gateway.headers(tenant="bank", role=role)
        assert (await gateway.call("GET", "/api/v1/audit", headers=headers)).status_code == 403


async def test_rows_come_page_by_page(gateway: Gateway) -> None:
    user = await gateway.headers(tenant="paged", user="ada")
    for _ in range(5):
        await gateway.call("GET", "/v1/models", headers=user)
    await rows_of(gateway, "paged", 5)
    admin = await gateway.headers(tenant="paged", user="auditor", role="admin")
    cursor, seen = "", []
    while True:
        path = "/api/v1/audit?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = (await gateway.call("GET", path, headers=admin)).json()
        seen += [row["request_id"] for row in page["items"] if row["user"] == "ada"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("cursor=zz", "cursor"),
        (f"cursor={cursor_behind(10**40)}", "cursor"),
        ("a=1", "a"),
    ],
)
async def test_a_wrong_query_is_named(gateway: Gateway, query: str, field: str) -> None:
    answer = await gateway.call("GET", f"/api/v1/audit?{query}", headers=await gateway.headers(role="admin"))
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        pytest.param(APP, True, id="allowed"),
        pytest.param("https://evil.example", False, id="defect-20"),
        pytest.param("null", False, id="null"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/api/v1/nothing", "/health"])
async def test_a_refused_origin_gets_an_answer_without_cors_fields(
    gateway: Gateway, origin: str, allowed: bool, path: str
) -> None:
    plain = await gateway.call("GET", path, headers={})
    answer = await gateway.call("GET", path, headers={"origin": origin})
    assert answer.status_code == plain.status_code < 500
    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert ("access-control-expose-headers" in answer.headers) is allowed
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(("origin", "allowed"), [(APP, True), ("https://evil.example", False)])
async def test_a_preflight_needs_no_identity(gateway: Gateway, origin: str, allowed: bool) -> None:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    answer = await gateway.call("OPTIONS", "/v1/chat/completions", headers=headers)
    assert answer.status_code == 204
    assert ("access-control-allow-methods" in answer.headers) is allowed
    assert ("access-control-allow-origin" in answer.headers) is allowed
    assert answer.headers["allow"] == "OPTIONS, POST"


@pytest.mark.parametrize("path", ["/v1/models", "/nothing", "/health", "/metrics"])
async def test_every_answer_bears_the_security_fields(gateway: Gateway, path: str) -> None:
    answer = await gateway.call("GET", path, headers={})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("defect", [pytest.param(22, id="defect-22")])
async def test_a_body_above_the_limit_is_answered_exactly_once(gateway: Gateway, defect: int) -> None:
    headers = await gateway.headers()
    first = await gateway.call("POST", "/api/v1/search", content=b"x" * 3_000_000, headers=headers)
    second = await gateway.call("GET", "/v1/models", headers=headers)
    assert (first.status_code, second.status_code) == (413, 200)


@pytest.mark.parametrize(
    ("environ", "config", "named"),
    [
        ({"ALLOWED_ORIGINS": "*"}, {}, "ALLOWED_ORIGINS"),
        ({"WATTOS_TRUSTED_PROXIES": "proxy"}, {}, "WATTOS_TRUSTED_PROXIES"),
        ({}, {"limits": {"tenants": {"a": {"user": "fast"}}}}, "limits.tenants.a.user"),
        ({}, {"limits": {"tenantz": {}}}, "limits.tenant"),
        ({"JWT_SECRET": ""}, {}, "JWT_SECRET"),
        ({"RATE_LIMIT": "0r/m"}, {}, "RATE_LIMIT"),
    ],
)
async def test_a_wrong_setting_is_named_at_start(
    tmp_path: Path, environ: dict[str, str], config: dict[str, Any], named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        async with running_gateway(tmp_path, environ=environ, config=config):
            pass
