"""Keys of upstreams: never told, never used unasked, and what is wrong with them is said."""

from tests.fakes.llm.asking import ASK, KEY, post
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import completion, replies


async def test_the_key_is_never_written_down(gateway, upstream, lines):
    upstream.handler = replies({"error": {"message": f"wrong key {KEY}"}}, 401)
    await post(gateway)
    states = await gateway.public.get("/v1/providers")
    assert KEY not in b"".join(lines).decode() + states.text + (await gateway.public.get("/health")).text


async def test_a_key_whose_provider_is_not_named_is_never_used(tmp_path, upstream):
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": upstream.url}
    async with llm_service(tmp_path, environ=environ) as running:
        assert (await running.public.post("/v1/chat/completions", json=ASK)).status_code == 404
        assert (await running.public.get("/health")).json()["info"]["providers"] == "local"
    assert upstream.bodies == []


async def test_a_refused_key_shows_in_state_and_health(gateway, upstream):
    upstream.handler = replies({"error": {"message": "no"}}, 401)
    assert (await post(gateway, model="default")).headers["x-wattos-provider"] == "local"
    state = (await gateway.public.get("/v1/providers")).json()["data"][0]
    assert (state["name"], state["state"], state["last_error_type"]) == ("openai", "refused", "provider_auth")
    upstream.handler = replies(completion())
    await post(gateway)
    assert (await gateway.public.get("/v1/providers")).json()["data"][0]["state"] == "up"


async def test_a_missing_key_is_told_before_anybody_asks(tmp_path, upstream):
    config = {"llm": {"providers": ["openai"], "provider": {"openai": {"base_url": upstream.url}}}}
    async with llm_service(tmp_path, config=config) as running:
        check = (await running.public.get("/health")).json()["checks"]["llm:openai"]
        assert check["message"] == "it has no key: set OPENAI_API_KEY"
        assert (await running.public.get("/health/readiness")).status_code == 200
        explicit = await running.public.post("/v1/chat/completions", json=ASK)
        assert (explicit.status_code, explicit.json()["error"]["code"]) == (503, "provider_auth_failed")
    assert upstream.bodies == []
