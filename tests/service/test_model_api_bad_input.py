"""Bad input from both sides through the real gateway: what a caller sends, and what a provider answers."""

import json
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from tests.fakes.llm.dialects import events
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.simulator import simulator
from tests.fakes.llm.upstream import completion, replies, scripted_upstream
from tests.fakes.project.callers import is_our_error
from tests.fakes.services.gateway import running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")
MODEL = "simulated/gpt-4o-mini"
HI = [{"role": "user", "content": "Say hello."}]
ASKS = {
    "chat": ("/v1/chat/completions", {"model": MODEL, "messages": HI}),
    "completions": ("/v1/completions", {"model": MODEL, "prompt": "Say hello."}),
    "responses": ("/v1/responses", {"model": MODEL, "input": "Say hello."}),
    "messages": ("/v1/messages", {"model": MODEL, "max_tokens": 50, "messages": HI}),
}
GENEROUS = {"RATE_LIMIT": "9999r/m", "WATTOS_IP_RATE_LIMIT": "9999r/m"}
LARGE = "word " * 2_000_000  # 10 MB
every_dialect = pytest.mark.parametrize("dialect", ASKS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    for name in ("gateway", "llm"):
        (folder / name).mkdir()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        sim, scripted = await enter(simulator(folder)), await enter(scripted_upstream())
        providers = {"simulated": f"{sim.url}/as/simulated/v1", "scripted": scripted.url}
        details = {name: {"base_url": url, "models": ["gpt-4o-mini"]} for name, url in providers.items()}
        config = {"llm": {"providers": list(details), "provider": details}}
        llm = await enter(llm_service(folder / "llm", config=config))
        gateway = await enter(
            running_gateway(folder / "gateway", environ=GENEROUS, urls={"llm-gateway": llm.url})
        )
        gateway.served.public.headers.update(await gateway.headers())
        yield sim, scripted, llm, gateway.served.public


@pytest_asyncio.fixture(loop_scope="module")
async def sim(world):
    await world[0].forget_faults()
    world[2].app.runtime.breakers.get("llm:simulated").reset()
    return world[0]


@pytest.fixture
def scripted(world):
    return world[1]


@pytest.fixture
def public(world, sim):
    return world[3]


def told(dialect: str, answer: httpx.Response) -> tuple[int, str | None, str | None]:
    """Return status, code and parameter of an error, which has the shape of its dialect."""
    assert is_our_error(answer), answer.text[:500]
    error = answer.json()["error"]
    if dialect == "messages":
        details = error["details"]
        return answer.status_code, details["error_code"], details.get("param")
    return answer.status_code, error["code"], error["param"]


ABSENT = object()
# What is changed in a good request, and what is said of it; `{limit}` and `{input}` in each dialect's words.
CHANGES = {
    "no-model": ({"model": ABSENT}, (400, "missing_required_parameter", "model")),
    "unknown-model": ({"model": "no-such-model"}, (404, "model_not_found", "model")),
    "unknown-provider": ({"model": "nobody/gpt-4o-mini"}, (404, "model_not_found", "model")),
    "model-is-a-number": ({"model": 5}, (400, "invalid_value", "model")),
    "no-input": ({"{input}": ABSENT}, (400, "missing_required_parameter", "{input}")),
    "input-is-a-number": ({"{input}": 7}, (400, "invalid_value", "{input}")),
    "temperature-below-zero": ({"temperature": -1}, (400, "invalid_value", "temperature")),
    "temperature-as-text": ({"temperature": "hot"}, (400, "invalid_value", "temperature")),
    "limit-of-zero": ({"{limit}": 0}, (400, "invalid_value", "{limit}")),
    "limit-below-zero": ({"{limit}": -5}, (400, "invalid_value", "{limit}")),
    "limit-with-a-fraction": ({"{limit}": 1.5}, (400, "invalid_value", "{limit}")),
    "stream-as-text": ({"stream": "yes"}, (400, "invalid_value", "stream")),
}
OWN_NAMES = {
    "chat": {"limit": "max_tokens", "input": "messages"},
    "completions": {"limit": "max_tokens", "input": "prompt"},
    "responses": {"limit": "max_output_tokens", "input": "input"},
    "messages": {"limit": "max_tokens", "input": "messages"},
}


@every_dialect
@pytest.mark.parametrize("change", CHANGES)
async def test_a_wrong_field_is_named(public, dialect, change):
    own = OWN_NAMES[dialect]
    changed, (status, code, param) = CHANGES[change]
    path, good = ASKS[dialect]
    body = {**good, **{name.format(**own): value for name, value in changed.items()}}
    answer = await public.post(
        path, json={name: value for name, value in body.items() if value is not ABSENT}
    )
    assert told(dialect, answer) == (status, code, param.format(**own))


@every_dialect
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"model": "m"',
        b"hello",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": 1} {}',
    ],
    ids=["empty", "cut", "no-end", "words", "list", "null", "text", "not-utf-8", "deep", "two"],
)
async def test_what_is_no_object_of_json_is_a_400(public, dialect, raw):
    answer = await public.post(ASKS[dialect][0], content=raw, headers={"content-type": "application/json"})
    assert told(dialect, answer) in {(400, "invalid_json", None), (400, "invalid_value", "body")}


@every_dialect
async def test_a_million_tokens_may_be_asked_for(public, dialect):
    path, good = ASKS[dialect]
    answer = await public.post(path, json={**good, OWN_NAMES[dialect]["limit"]: 1_000_000})
    assert answer.status_code == 200, answer.text


@every_dialect
async def test_ten_megabytes_reach_the_provider_whole(public, sim, dialect):
    await sim.forget_requests()
    path, good = ASKS[dialect]
    name = OWN_NAMES[dialect]["input"]
    value = LARGE if isinstance(good[name], str) else [{"role": "user", "content": LARGE}]
    answer = await public.post(path, json={**good, name: value}, timeout=60)
    assert answer.status_code == 200, answer.text[:500]
    assert (await sim.counts())["tokens"]["input_tokens"] == 2_000_000


async def test_unknown_fields_are_kept_both_ways(public, scripted):
    scripted.handler = replies(completion("Hello.", service_tier="flex", new_field={"a": [1]}))
    asked = {
        "model": "scripted/gpt-4o-mini",
        "messages": HI,
        "reasoning_effort": "low",
        "not_yet_known": {"b": 2},
    }
    answer = await public.post("/v1/chat/completions", json=asked)
    assert (answer.json()["service_tier"], answer.json()["new_field"]) == ("flex", {"a": [1]})
    assert scripted.bodies[-1] == {**asked, "model": "gpt-4o-mini"}


UNAVAILABLE = (503, "provider_unavailable", None)
# What follows in each dialect for a whole answer and for a stream; None: the answer is right.
ANSWERS = {
    "not_json": (UNAVAILABLE, UNAVAILABLE),
    "truncate": (UNAVAILABLE, "upstream_truncated"),
    "broken_json": (UNAVAILABLE, "upstream_truncated"),
    "error_body": (UNAVAILABLE, UNAVAILABLE),
    "error_event": (UNAVAILABLE, "upstream_truncated"),
    "content_type": (None, UNAVAILABLE),
    "empty": (UNAVAILABLE, UNAVAILABLE),
    "no_content": (UNAVAILABLE, UNAVAILABLE),
    "gzip": (None, None),
    "false_gzip": (UNAVAILABLE, UNAVAILABLE),
}


@every_dialect
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", ANSWERS)
async def test_what_a_provider_answers_is_right_or_an_error_in_the_callers_shape(
    public, sim, dialect, kind, stream
):
    await sim.fault(kind, provider="simulated")
    path, good = ASKS[dialect]
    answer = await public.post(path, json={**good, "stream": stream})
    expected = ANSWERS[kind][stream]
    if isinstance(expected, tuple):
        assert told(dialect, answer) == expected
        return
    assert answer.status_code == 200
    if expected is None:
        assert "upstream_truncated" not in answer.text
        assert json.loads(answer.text) if not stream else events(answer.text)
    else:
        name, last = events(answer.text)[-1]
        assert (name, expected in json.dumps(last)) == ("error", True)
