"""Every service through the gateway as two tenants: what one has, the other never sees, finds or changes."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.fakes.project.callers import caller, is_our_error, new_space, settled, token, upload
from tests.fakes.project.running import RunningProject, wait_until
from wattos_platform.catalog import SERVICES
from wattos_platform.contracts.identity import IDENTITY_HEADER, Identity
from wattos_platform.kernel.identity import IdentitySigner

pytestmark = pytest.mark.e2e
SECRET = b"The vault code of the school is 4711. The roof is green.\n"
QUESTION = "What is the vault code of the school?"


@dataclass
class World:
    """What tenant a has, made through every service."""

    a: httpx.Client
    b: httpx.Client
    space: str
    document: str
    conversation: str
    answer: str
    run: str


@pytest.fixture(scope="module")
def world(standing: RunningProject) -> Iterator[World]:
    with caller(standing, "a") as a, caller(standing, "b") as b:
        space = new_space(a)
        document = settled(a, upload(a, space, "vault.txt", SECRET))
        assert (document["status"], document["chunks"]) == ("ready", 1)
        talk = a.post("/api/v1/conversations", json={"title": "t", "knowledge_space_id": space}).json()["id"]
        answer = a.post(f"/api/v1/conversations/{talk}/messages", json={"content": QUESTION}).json()
        task = {"input": QUESTION, "knowledge_space_id": space}
        run = a.post("/api/v1/agents/it-support/runs", json=task).json()["id"]
        yield World(a, b, space, document["id"], talk, answer["id"], run)


def test_knowledge_is_found_and_read(world: World) -> None:
    spaces = world.a.get("/api/v1/knowledge-spaces").json()["items"]
    assert [space["id"] for space in spaces] == [world.space]
    listed = world.a.get(f"/api/v1/knowledge-spaces/{world.space}/documents").json()["items"]
    assert [(each["id"], each["name"]) for each in listed] == [(world.document, "vault.txt")]
    text = world.a.get(f"/api/v1/documents/{world.document}/text").text
    assert text == SECRET.decode()
    (hit,) = search(world.a, world.space).json()["results"]
    assert (hit["document_id"], hit["text"]) == (world.document, text[hit["start"] : hit["end"]])


def test_a_conversation_is_answered_from_it_and_rated(world: World) -> None:
    messages = world.a.get(f"/api/v1/conversations/{world.conversation}/messages").json()["items"]
    assert [message["role"] for message in messages] == ["user", "assistant"]
    answer = messages[1]
    assert "4711" in answer["content"]
    assert [citation["document_id"] for citation in answer["citations"]] == [world.document]
    rated = world.a.post(f"/api/v1/messages/{world.answer}/feedback", json={"rating": "positive"})
    assert rated.status_code == 201, rated.text
    shown = world.a.get(f"/api/v1/conversations/{world.conversation}/messages").json()["items"][1]
    assert shown["feedback"]["rating"] == "positive"


def test_an_answer_comes_as_events_too(world: World) -> None:
    asked = {"content": QUESTION, "stream": True}
    path = f"/api/v1/conversations/{world.conversation}/messages"
    with world.a.stream("POST", path, json=asked) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event: ")]
    assert {"citation", "delta", "usage"} <= set(events)
    assert events[-1] == "done"


def test_a_run_is_followed_step_by_step_to_its_answer(world: World) -> None:
    with world.a.stream("GET", f"/api/v1/runs/{world.run}/events") as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert lines[-2] == "event: done"
    finished = json.loads(lines[-1].removeprefix("data: "))
    assert finished["status"] == "completed"
    assert "4711" in finished["output"]
    assert [cited["document_id"] for cited in finished["citations"]] == [world.document]
    assert [run["id"] for run in world.a.get("/api/v1/runs").json()["items"]] == [world.run]
    assert [step["name"] for step in world.a.get(f"/api/v1/runs/{world.run}").json()["steps"]] == [
        "plan",
        "retrieval",
        "answer",
    ]


def test_nothing_of_one_tenant_exists_for_another(world: World) -> None:
    space, document = f"/api/v1/knowledge-spaces/{world.space}", f"/api/v1/documents/{world.document}"
    talk, run = f"/api/v1/conversations/{world.conversation}", f"/api/v1/runs/{world.run}"
    attempts = [
        world.b.get(space),
        world.b.delete(space),
        world.b.get(f"{space}/documents"),
        upload(world.b, world.space, "mine.txt", b"x"),
        world.b.get(document),
        world.b.get(f"{document}/text"),
        world.b.delete(document),
        search(world.b, world.space),
        world.b.get(talk),
        world.b.patch(talk, json={"title": "mine"}),
        world.b.delete(talk),
        world.b.get(f"{talk}/messages"),
        world.b.post(f"{talk}/messages", json={"content": QUESTION}),
        world.b.post(f"/api/v1/messages/{world.answer}/feedback", json={"rating": "negative"}),
        world.b.get(run),
        world.b.get(f"{run}/events"),
        world.b.post(f"{run}/cancel"),
    ]
    seen = [(str(answer.request.url.path), answer.status_code, answer.text) for answer in attempts]
    assert [each for each in seen if each[1] != 404] == []
    assert all(is_our_error(answer) for answer in attempts)
    # What exists elsewhere and what exists nowhere are told in the same words.
    nowhere = world.b.get(f"/api/v1/documents/{world.document[:-4]}0000").json()
    elsewhere = world.b.get(document).json()
    assert (nowhere["code"], nowhere["message"]) == (elsewhere["code"], elsewhere["message"])


def test_lists_of_another_tenant_are_empty_and_stay_so(world: World) -> None:
    for path in ("knowledge-spaces", "conversations", "runs"):
        answer = world.b.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["items"]) == (200, []), path


def test_a_foreign_space_cannot_be_talked_about(world: World) -> None:
    refused = world.b.post("/api/v1/conversations", json={"knowledge_space_id": world.space})
    assert (refused.status_code, refused.json()["code"]) == (422, "knowledge_space_not_found")
    task = {"input": QUESTION, "knowledge_space_id": world.space}
    run = world.b.post("/api/v1/agents/it-support/runs", json=task)
    if run.status_code == 202:
        with world.b.stream("GET", f"/api/v1/runs/{run.json()['id']}/events") as events:
            text = "\n".join(events.iter_lines())
        assert "4711" not in text
        assert world.document not in text


def test_searches_and_their_cached_answers_never_cross(world: World) -> None:
    """[defect-51] the same words, asked before by another tenant, answer from one's own documents."""
    own = new_space(world.b)
    settled(world.b, upload(world.b, own, "vault.txt", b"The vault code of the bank is 9999.\n"))
    for _ in range(2):
        mine = search(world.a, world.space).json()["results"]
        yours = search(world.b, own).json()["results"]
        assert {hit["document_id"] for hit in mine} == {world.document}
        assert ["9999" in hit["text"] and "4711" not in hit["text"] for hit in yours] == [True]
    assert world.b.delete(f"/api/v1/knowledge-spaces/{own}").status_code == 204


def test_cached_completions_never_cross(standing: RunningProject) -> None:
    """The model gateway may replay an answer within a tenant, and each call is a row of its own tenant."""
    body = {"model": "default", "messages": [{"role": "user", "content": "Is anybody there?"}]}
    with caller(standing, "first") as one, caller(standing, "second") as other:
        ids = [
            client.post("/v1/chat/completions", json=body, headers={"x-wattos-cache": "on"}).json()["id"]
            for client in (one, other)
        ]
        assert ids[0] != ids[1]
        for client in (one, other):
            wait_until(lambda client=client: calls(client) > 0, "the call is in the usage of its tenant")
            assert calls(client) == 1


def test_usage_and_audit_are_those_of_the_caller_s_tenant(world: World) -> None:
    usage = world.a.get("/api/v1/usage").json()
    assert usage["tenant"] == "a"
    assert usage["totals"]["calls"] >= 3
    for client, tenant in ((world.a, "a"), (world.b, "b")):
        rows = client.get("/api/v1/audit?limit=200").json()["items"]
        assert {row["tenant"] for row in rows} == {tenant}
    for path in ("usage", "audit"):
        named = world.b.get(f"/api/v1/{path}?tenant=a")
        assert named.status_code in {400, 422}, "there is no way to ask for another tenant's"
        assert is_our_error(named)


def test_filters_and_cursors_of_one_tenant_lead_another_nowhere(world: World) -> None:
    own = new_space(world.b)
    settled(world.b, upload(world.b, own, "own.txt", b"The vault of the bank is empty.\n"))
    for filters in ({"document_ids": [world.document]}, {"documents": ["vault.txt"]}):
        asked = {"query": QUESTION, "knowledge_space_id": own, "filters": filters}
        assert world.b.post("/api/v1/search", json=asked).json()["results"] == []
    new_space(world.a, "second")
    for path in ("knowledge-spaces", "conversations"):
        world.a.post("/api/v1/conversations", json={})
        cursor = world.a.get(f"/api/v1/{path}?limit=1").json()["next_cursor"]
        assert cursor is not None, path
        seen = world.b.get(f"/api/v1/{path}", params={"cursor": cursor}).json()["items"]
        assert {item["id"] for item in seen} <= {own}, path
    assert world.b.delete(f"/api/v1/knowledge-spaces/{own}").status_code == 204


def test_an_idempotency_key_belongs_to_its_tenant(world: World) -> None:
    key = {"idempotency-key": "the-same-key-0001"}
    made = [client.post("/api/v1/conversations", json={}, headers=key) for client in (world.a, world.b)]
    again = world.a.post("/api/v1/conversations", json={}, headers=key)
    assert [answer.status_code for answer in (*made, again)] == [201] * 3
    ids = [answer.json()["id"] for answer in made]
    assert ids[0] == again.json()["id"] != ids[1]
    runs = [
        client.post("/api/v1/agents/legal/runs", json={"input": "x"}, headers=key).json()["id"]
        for client in (world.a, world.b)
    ]
    assert runs[0] != runs[1]
    assert world.b.get(f"/api/v1/runs/{runs[0]}").status_code == 404


def test_users_of_one_tenant_share_knowledge_but_not_conversations(
    standing: RunningProject, world: World
) -> None:
    with caller(standing, "a", user="colleague") as colleague:
        assert colleague.get(f"/api/v1/knowledge-spaces/{world.space}").status_code == 200
        assert colleague.get(f"/api/v1/conversations/{world.conversation}").status_code == 404
        assert colleague.get(f"/api/v1/runs/{world.run}").status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/knowledge-spaces", "/api/v1/conversations", "/v1/models"])
def test_a_header_never_grants_a_tenant(world: World, path: str) -> None:
    """[defect-15] naming another tenant is refused; naming one's own changes nothing."""
    refused = world.b.get(path, headers={"x-tenant-id": "a"})
    assert refused.status_code == 403
    assert is_our_error(refused)
    assert world.b.get(path, headers={"x-tenant-id": "b"}).status_code == 200


def test_an_identity_from_outside_is_dropped(standing: RunningProject, world: World) -> None:
    """[defect-10] even one that is truly signed: who calls is for the gateway to say."""
    forged = identity(standing, "rag", "a")
    answer = world.b.get("/api/v1/knowledge-spaces", headers={IDENTITY_HEADER: forged})
    assert (answer.status_code, answer.json()["items"]) == (200, [])
    without = httpx.get(
        f"{standing.url('gateway')}/api/v1/knowledge-spaces", headers={IDENTITY_HEADER: forged}
    )
    assert without.status_code == 401


INNER = {
    "chat": "/api/v1/conversations",
    "rag": "/api/v1/knowledge-spaces",
    "agent": "/api/v1/runs",
    "llm-gateway": "/v1/models",
}


def test_every_service_behind_the_gateway_is_asked_below() -> None:
    assert INNER.keys() == {service.name for service in SERVICES if service.default} - {"gateway"}


@pytest.mark.parametrize(("service", "path"), INNER.items())
def test_a_service_called_directly_asks_for_an_identity(
    standing: RunningProject, world: World, service: str, path: str
) -> None:
    address = standing.url(service) + path
    meant_for_another = identity(standing, "chat" if service == "rag" else "rag", "a")
    bearer = {"authorization": world.a.headers["authorization"]}
    refused = [
        httpx.get(address, headers=headers)
        for headers in (
            {},
            bearer,
            {IDENTITY_HEADER: "x.y.z"},
            {IDENTITY_HEADER: meant_for_another},
            {IDENTITY_HEADER: stranger(service)},
        )
    ]
    assert [answer.status_code for answer in refused] == [401] * 5
    assert all(is_our_error(answer) for answer in refused)
    accepted = httpx.get(address, headers={IDENTITY_HEADER: identity(standing, service, "a")})
    assert accepted.status_code == 200


def test_an_expired_or_revoked_credential_opens_nothing(standing: RunningProject, world: World) -> None:
    short = token(standing, "b", ttl_s=1)
    revoked = token(standing, "b")
    assert standing.wattos("token", "revoke", revoked).returncode == 0
    time.sleep(1.1)
    for key, code in ((short, "token_expired"), (revoked, "token_revoked")):
        answer = world.b.get("/api/v1/runs", headers={"authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["code"]) == (401, code)


def search(client: httpx.Client, space: str) -> httpx.Response:
    return client.post("/api/v1/search", json={"query": QUESTION, "knowledge_space_id": space})


def calls(client: httpx.Client) -> int:
    return int(client.get("/v1/usage").json()["totals"]["calls"])


def identity(standing: RunningProject, audience: str, tenant: str) -> str:
    """Return what the gateway would sign for `tenant`: made with the platform's own key."""
    key = (standing.root / ".wattos/run/identity.key").read_bytes().strip()
    return IdentitySigner(key, "gateway").sign(Identity(tenant, "forger", ("admin",)), audience)


def stranger(audience: str) -> str:
    return IdentitySigner(b"k" * 32, "gateway").sign(Identity("a", "forger", ("admin",)), audience)
