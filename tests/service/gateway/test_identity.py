"""Credentials: which ones let a caller in, what upstreams learn of them, and how they are revoked."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio

from tests.fakes.network.raw_answer import raw
from tests.fakes.services.gateway import JWT_SECRET, Gateway, running_gateway
from wattos_platform.contracts.identity import Identity

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    environ = {"RATE_LIMIT": "9999r/m", "WATTOS_IP_RATE_LIMIT": "9999r/m"}
    async with running_gateway(tmp_path_factory.mktemp("gateway"), environ=environ) as running:
        yield running


@pytest.fixture
def gateway(one_gateway: Gateway) -> Gateway:
    one_gateway.forget()
    return one_gateway


def token(**changes: Any) -> str:
    claims = {
        "iss": "wattos",
        "aud": "wattos",
        "sub": "ada",
        "tenant": "tenant-a",
        "roles": ["editor"],
        "jti": "jti-1",
        "exp": time.time() + 60,
    } | changes
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def refusals(gateway: Gateway, code: str) -> float:
    return gateway.runtime.metrics.registry.get_sample_value("auth_refusals_total", {"reason": code}) or 0.0


@pytest.mark.parametrize("kind", [pytest.param(False, id="key"), pytest.param(True, id="jwt-defect-13")])
async def test_a_token_from_the_operations_listener_opens_the_door(gateway: Gateway, kind: bool) -> None:
    answer = await gateway.call("GET", "/api/v1/conversations", headers=await gateway.headers(jwt=kind))
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


@pytest.mark.parametrize("defect", [pytest.param(10, id="defect-10")])
async def test_the_upstream_learns_who_calls_from_the_gateway_alone(gateway: Gateway, defect: int) -> None:
    headers = await gateway.headers() | {"x-wattos-identity": "forged", "x-user-id": "root"}
    await gateway.call("GET", "/api/v1/conversations", headers=headers)
    (seen,) = gateway.upstreams["chat"].seen
    assert gateway.identity_at("chat", seen) == Identity("tenant-a", "ada", ("editor",), "gateway")
    assert b"x-user-id" not in seen.headers
    assert b"authorization" not in seen.headers


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({}, "missing_credentials", id="none"),
        pytest.param({"authorization": "Basic abc"}, "missing_credentials", id="other-scheme"),
        pytest.param({"authorization": "Bearer"}, "missing_credentials", id="empty"),
        pytest.param(bearer("wk_nonsense"), "invalid_api_key", id="malformed-key"),
        pytest.param(bearer("sk-another-platforms-key"), "invalid_api_key", id="another-platforms-key"),
        pytest.param(bearer("a.b.c"), "invalid_token", id="garbage"),
        pytest.param(bearer(jwt.encode({"sub": "x"}, "", algorithm="none")), "invalid_token", id="alg-none"),
        pytest.param(bearer(token().rpartition(".")[0] + "."), "invalid_token", id="unsigned"),
        pytest.param(bearer(token(exp=time.time() - 1)), "token_expired", id="expired"),
        pytest.param(bearer(token(aud="other")), "invalid_token", id="audience"),
        pytest.param(
            {"x-user-id": "ada", "x-tenant-id": "tenant-a"}, "missing_credentials", id="defect-15-claims"
        ),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/conversations", "/v1/models"])
async def test_without_a_believable_token_the_answer_is_401(
    gateway: Gateway, headers: dict[str, str], code: str, path: str
) -> None:
    before = refusals(gateway, code)
    answer = await gateway.call("GET", path, headers=headers)
    assert refusals(gateway, code) == before + 1
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]
    body = answer.json()
    assert (body["error"] if path.startswith("/v1/") else body)["code"] == code
    assert not any(upstream.seen for upstream in gateway.upstreams.values())


@pytest.mark.parametrize("kind", [pytest.param(False, id="key"), pytest.param(True, id="jwt")])
async def test_x_api_key_is_as_good_as_a_bearer_and_stops_at_the_door(gateway: Gateway, kind: bool) -> None:
    credential = await gateway.key(jwt=kind)
    for headers in ({"x-api-key": credential}, {"x-api-key": credential} | bearer(credential)):
        answer = await gateway.call("GET", "/v1/models", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
    for seen in gateway.upstreams["llm-gateway"].seen:
        assert gateway.identity_at("llm-gateway", seen).user == "ada"
        assert credential.encode() not in b"".join(seen.headers.values())
    assert credential.encode() not in b"".join(gateway.lines)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({"x-api-key": "wk_nonsense"}, "invalid_api_key", id="malformed"),
        pytest.param({"x-api-key": ""}, "missing_credentials", id="empty"),
        pytest.param({"x-api-key": "k\xe4se"}, "invalid_token", id="not-ascii"),
        pytest.param(
            {"x-api-key": token()} | bearer(token(sub="bob")), "conflicting_credentials", id="differ"
        ),
        pytest.param({"x-api-key": token(), "authorization": "Basic abc"}, "missing_credentials", id="basic"),
    ],
)
async def test_an_x_api_key_that_is_not_believable_is_401(
    gateway: Gateway, headers: dict[str, str], code: str
) -> None:
    raw_headers = [(name, value.encode("latin-1")) for name, value in headers.items()]
    answer = await gateway.call("GET", "/v1/models", headers=raw_headers)
    told = answer.json()["error"]
    assert (answer.status_code, told["code"]) == (401, code)
    assert ("x-api-key" in told["message"]) is (code in {"conflicting_credentials", "missing_credentials"})
    assert gateway.upstreams["llm-gateway"].seen == []


@pytest.mark.parametrize("switch", [pytest.param("DISABLE_AUTH", id="defect-14"), "DISABLE_KEYCLOAK"])
async def test_no_switch_turns_identity_off(tmp_path: Path, switch: str) -> None:
    async with running_gateway(tmp_path, environ={switch: "true", "NODE_ENV": "development"}) as gateway:
        assert (await gateway.call("GET", "/v1/models", headers={})).status_code == 401


@pytest.mark.parametrize(
    "named", [pytest.param("tenant-b", id="defect-15"), "", "TENANT-A", "tenant-a,tenant-b"]
)
async def test_another_tenant_is_forbidden(gateway: Gateway, named: str) -> None:
    headers = await gateway.headers() | {"x-tenant-id": named}
    answer = await gateway.call("GET", "/api/v1/conversations", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_forbidden")
    assert gateway.upstreams["chat"].seen == []


async def test_the_header_chooses_among_the_tokens_tenants(gateway: Gateway) -> None:
    headers = bearer(token(tenants=["tenant-b"])) | {"x-tenant-id": "tenant-b"}
    assert (await gateway.call("GET", "/api/v1/conversations", headers=headers)).status_code == 200
    (seen,) = gateway.upstreams["chat"].seen
    assert gateway.identity_at("chat", seen).tenant == "tenant-b"


async def test_a_role_without_the_permission_is_refused_naming_it(gateway: Gateway) -> None:
    answer = await gateway.call(
        "POST", "/v1/embeddings", headers=await gateway.headers(role="viewer"), json={}
    )
    assert answer.status_code == 403
    assert "llm:use" in answer.json()["error"]["message"]


async def test_a_key_is_kept_only_as_its_hash(gateway: Gateway) -> None:
    key = await gateway.key()
    await gateway.call("GET", "/api/v1/conversations", headers=bearer(key))
    await gateway.database.ping()
    kept = b"".join(path.read_bytes() for path in gateway.database.path.parent.glob("gateway.db*"))
    assert b"fingerprint" in kept
    assert key.encode() not in kept
    assert key.removeprefix("wk_")[:20].encode() not in kept
    assert key.encode() not in b"".join(gateway.lines)


@pytest.mark.parametrize("kind", [pytest.param(False, id="key"), pytest.param(True, id="jwt")])
@pytest.mark.parametrize("by", ["token", "id"])
async def test_a_revocation_counts_at_once(gateway: Gateway, kind: bool, by: str) -> None:
    body = {"tenant": "tenant-a", "user": "ada", "role": "editor", "jwt": kind}
    made = (await gateway.served.ops.post("/admin/tokens", json=body)).json()
    headers = bearer(made["token"])
    assert (await gateway.call("GET", "/v1/models", headers=headers)).status_code == 200
    answer = await gateway.served.ops.post("/admin/tokens/revoke", json={by: made[by]})
    assert (answer.status_code, answer.json()["id"]) == (200, made["id"])
    refused = await gateway.call("GET", "/v1/models", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "token_revoked")


@pytest.mark.parametrize("kind", [pytest.param(False, id="key"), pytest.param(True, id="jwt")])
async def test_a_token_ends_when_it_says_though_it_was_verified_before(tmp_path: Path, kind: bool) -> None:
    async with running_gateway(tmp_path) as gateway:
        headers = await gateway.headers(jwt=kind, ttl_s=100)
        assert (await gateway.call("GET", "/v1/models", headers=headers)).status_code == 200
        gateway.offset_s[0] = 101
        refused = await gateway.call("GET", "/v1/models", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "token_expired")


async def test_the_token_list_holds_no_secret(gateway: Gateway) -> None:
    keys = [await gateway.key(user="ada"), await gateway.key(user="bob", jwt=True)]
    answer = await gateway.served.ops.get("/admin/tokens")
    assert [item["user"] for item in answer.json()["items"]][-2:] == ["ada", "bob"]
    assert not any(key in answer.text for key in keys)
    assert "fingerprint" not in answer.text


async def test_the_token_list_is_of_one_tenant_if_that_is_asked_for(gateway: Gateway) -> None:
    for user in ("ada", "bob"):
        await gateway.key(user=user, tenant="lists")
    await gateway.key(user="eve")
    ops = gateway.served.ops
    items = (await ops.get("/admin/tokens?tenant=lists&revoked=false")).json()["items"]
    assert [item["user"] for item in items] == ["ada", "bob"]
    await ops.post("/admin/tokens/revoke", json={"id": items[0]["id"]})
    left = (await ops.get("/admin/tokens?tenant=lists&revoked=false")).json()["items"]
    assert [item["user"] for item in left] == ["bob"]
    assert (await ops.get("/admin/tokens?tenant=a/b")).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tenant": "a", "user": "u", "role": "owner"}, "role"),
        ({"tenant": "a/b", "user": "u", "role": "admin"}, "tenant"),
        ({"tenant": "a", "user": "u v", "role": "admin"}, "user"),
        ({"tenant": "a", "user": "u", "role": "admin", "ttl_s": 0}, "ttl_s"),
        ({"tenant": "a", "user": "u", "role": "admin", "scope": "x"}, "scope"),
        ({"tenant": "a", "user": "u", "role": "admin", "limits": {"per_minute": 0}}, "limits.per_minute"),
    ],
)
async def test_a_wrong_field_of_a_token_request_is_named(gateway: Gateway, body: Any, field: str) -> None:
    answer = await gateway.served.ops.post("/admin/tokens", json=body)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)


async def test_revoking_what_was_never_made_is_404(gateway: Gateway) -> None:
    answer = await gateway.served.ops.post("/admin/tokens/revoke", json={"id": "nothing"})
    assert (answer.status_code, answer.json()["code"]) == (404, "token_not_found")
    both = await gateway.served.ops.post("/admin/tokens/revoke", json={"id": "a", "token": "b"})
    assert both.status_code == 422


async def test_token_routes_do_not_exist_on_the_public_listener(gateway: Gateway) -> None:
    answer = await gateway.call("POST", "/admin/tokens", json={})
    assert answer.status_code == 404
    unsigned = await gateway.served.ops.get("/admin/tokens", headers={"authorization": "Bearer no"})
    assert unsigned.status_code == 401


@pytest.mark.parametrize(
    "request_head",
    [
        pytest.param(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-A: a\rb: c\r\n\r\n", id="bare-cr"),
        pytest.param(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-A : a\r\n\r\n", id="space-before-colon"),
        pytest.param(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-\x00A: a\r\n\r\n", id="nul-in-name"),
        pytest.param(
            b"POST /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="two-lengths",
        ),
    ],
)
async def test_a_request_that_could_be_read_in_two_ways_is_refused(
    gateway: Gateway, request_head: bytes
) -> None:
    got = await raw(gateway.url, request_head)
    assert got.startswith(b"HTTP/1.1 400")
    assert not any(upstream.seen for upstream in gateway.upstreams.values())


async def test_what_a_caller_sends_cannot_add_a_header_to_the_answer(gateway: Gateway) -> None:
    headers = await gateway.headers() | {"x-request-id": "abc%0d%0aset-cookie: a=b"}
    answer = await gateway.call("GET", "/api/v1/conversations?x=%0d%0aX-Evil:%201", headers=headers)
    assert "set-cookie" not in answer.headers
    assert "x-evil" not in answer.headers
    assert answer.headers["x-request-id"] != headers["x-request-id"]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/conversations/../audit", "/api/v1/documents/%2e%2e/x", "/api/v1//audit", "/api/v1%2faudit"],
)
async def test_an_ambiguous_path_is_refused(gateway: Gateway, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    got = await raw(gateway.url, head)
    assert got.startswith(b"HTTP/1.1 400")
    assert json.loads(got.partition(b"\r\n\r\n")[2])["code"] == "ambiguous_path"


@pytest.mark.parametrize("defect", [pytest.param(16, id="defect-16")])
async def test_credentials_are_in_no_log_line(gateway: Gateway, defect: int) -> None:
    secret = await gateway.key()
    await gateway.call("GET", "/nowhere", headers=bearer(secret) | {"x-tenant-id": "other"})
    await gateway.call("GET", f"/v1/models?key={secret}", headers=bearer(secret))
    await gateway.call("GET", f"/v1/models/{secret}", headers=bearer(secret + "x"))
    assert secret.encode() not in b"".join(gateway.lines)
