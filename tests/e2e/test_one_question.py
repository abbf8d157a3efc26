"""A question on its way through the real gateway: ids on every hop, rows of the audit, no secret anywhere."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.project.callers import caller, new_space, settled, token, upload
from tests.fakes.project.running import RunningProject, wait_until

pytestmark = pytest.mark.e2e
PATH = ("gateway", "chat", "rag", "llm-gateway")
PASSWORD = "hunter2-and-more"


@pytest.fixture(scope="module")
def client(standing: RunningProject) -> Iterator[httpx.Client]:
    with caller(standing, "asker") as client:
        yield client


@pytest.fixture(scope="module")
def talk(client: httpx.Client) -> str:
    space = new_space(client)
    document = settled(client, upload(client, space, "a.txt", b"The harbour opens at six.\n"))
    assert document["status"] == "ready"
    made = client.post("/api/v1/conversations", json={"knowledge_space_id": space})
    return str(made.json()["id"])


def events(standing: RunningProject, service: str, **wanted: str) -> list[dict[str, Any]]:
    """Return the log lines of a service that have these fields, once there are some: a line may come late."""

    def found() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in standing.log(service).splitlines()]
        return [line for line in lines if wanted.items() <= line.items()]

    wait_until(lambda: found() != [], f"{service} has logged {wanted}")
    return found()


def test_the_request_id_is_in_the_log_of_every_service_on_the_path(
    standing: RunningProject, client: httpx.Client, talk: str
) -> None:
    """[defect-33] and so is the trace, under one id, each service with a span of its own."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"x-request-id": "question-0001", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    path = f"/api/v1/conversations/{talk}/messages"
    answer = client.post(path, json={"content": "When does the harbour open?"}, headers=headers)
    assert "six" in answer.json()["content"]
    assert answer.headers["x-request-id"] == "question-0001"
    spans = set()
    for service in PATH:
        lines = events(standing, service, request_id="question-0001", event="http.request.completed")
        assert {(line["trace_id"], line["tenant_id"]) for line in lines} == {(trace, "asker")}
        spans |= {line["span_id"] for line in lines}
    assert len(spans) >= len(PATH)
    shown = standing.wattos("logs", "--request", "question-0001", "-o", "json")
    assert shown.returncode == 0, shown.stderr
    assert set(PATH) <= {json.loads(line)["service"] for line in shown.stdout.splitlines()}


def test_the_work_of_a_run_bears_the_id_of_the_request_that_began_it(
    standing: RunningProject, client: httpx.Client
) -> None:
    """[defect-33] behind the answer too, where no request is open any more."""
    body = {"input": "When does the harbour open?"}
    run = client.post("/api/v1/agents/legal/runs", json=body, headers={"x-request-id": "background-0001"})
    with client.stream("GET", f"/api/v1/runs/{run.json()['id']}/events") as followed:
        assert "event: done" in list(followed.iter_lines())
    for service in ("gateway", "agent", "llm-gateway"):
        assert events(standing, service, request_id="background-0001")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("POST", "/api/v1/conversations", {}, 201, id="defect-9-chat"),
        pytest.param("POST", "/api/v1/knowledge-spaces", {"name": "x"}, 201, id="defect-9-rag"),
        pytest.param("POST", "/api/v1/agents/legal/runs", {"input": "x"}, 202, id="defect-9-agent"),
        pytest.param(
            "POST", "/v1/embeddings", {"model": "wattos-minilm", "input": "x"}, 200, id="defect-9-llm"
        ),
        pytest.param("GET", "/api/v1/conversations", None, 200, id="defect-11-chat"),
        pytest.param("GET", "/api/v1/knowledge-spaces", None, 200, id="defect-11-rag"),
        pytest.param("GET", "/api/v1/agents", None, 200, id="defect-11-agent"),
        pytest.param("GET", "/api/v1/runs", None, 200, id="defect-12-runs"),
        pytest.param("GET", "/api/v1/agents/legal/kpi", None, 200, id="defect-12-kpi"),
        pytest.param("GET", "/api/v1/usage", None, 200, id="defect-12-usage"),
        pytest.param("GET", "/api/v1/audit", None, 200, id="defect-12-audit"),
        pytest.param("GET", "/v1/models/wattos-extractive", None, 200, id="defect-12-model"),
        pytest.param("GET", "/v1/providers", None, 200, id="defect-12-providers"),
    ],
)
def test_every_route_reaches_its_service(
    client: httpx.Client, method: str, path: str, body: Any, status: int
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x-disable-auth": "true"}, id="defect-14-header"),
        pytest.param(
            {"x-user-id": "root", "x-user-roles": "admin", "x-tenant-id": "a"}, id="defect-14-claims"
        ),
        pytest.param({"x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1"}, id="defect-14-local"),
        pytest.param({"cookie": "session=admin"}, id="defect-14-cookie"),
    ],
)
def test_nothing_but_a_credential_opens_the_door(standing: RunningProject, headers: dict[str, str]) -> None:
    for path in ("/api/v1/audit", "/v1/models"):
        assert httpx.get(standing.url("gateway") + path, headers=headers).status_code == 401


def test_no_secret_is_in_a_log_or_in_the_audit(
    standing: RunningProject, client: httpx.Client, talk: str
) -> None:
    """[defect-16] [defect-17] [defect-34] whatever becomes of the request that bore it."""
    key = token(standing, "reader", role="viewer")
    bearer = {"authorization": f"Bearer {key}"}
    gateway = standing.url("gateway")
    sent = [
        httpx.post(f"{gateway}/api/v1/knowledge-spaces", json={"name": PASSWORD}, headers=bearer),
        httpx.get(f"{gateway}/api/v1/conversations?token={PASSWORD}", headers=bearer),
        httpx.get(f"{gateway}/v1/models", headers={"authorization": f"Bearer {PASSWORD}"}),
        httpx.get(f"{gateway}/v1/models", headers={"authorization": f"Basic {PASSWORD}"}),
        httpx.get(f"{gateway}/api/v1/runs", headers=bearer | {"x-tenant-id": PASSWORD}),
        client.post(f"/api/v1/conversations/{talk}/messages", json={"content": PASSWORD, "x": 1}),
    ]
    assert [answer.status_code for answer in sent] == [403, 422, 401, 401, 403, 422]
    rows = audit(standing, 3)
    assert {(row["method"], row["route"], row["status"]) for row in rows} >= {
        ("POST", "/api/v1/knowledge-spaces", 403),
        ("GET", "/api/v1/conversations", 422),
        ("GET", "/api/v1/runs", 403),
    }
    assert all(row["duration_ms"] > 0 and row["user"] and row["request_id"] for row in rows)
    secrets = [PASSWORD, key, *(path.read_text().strip() for path in secret_files(standing))]
    state = standing.root / ".wattos"
    for path in [*(state / "logs").iterdir(), *(state / "data").glob("gateway.db*")]:
        kept = path.read_bytes()
        assert [secret for secret in secrets if secret.encode() in kept] == [], path.name


def audit(standing: RunningProject, count: int) -> list[dict[str, Any]]:
    """Return the audit rows of tenant reader once there are `count`; they may lag a moment."""
    with caller(standing, "reader", user="auditor") as auditor:

        def rows() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = auditor.get("/api/v1/audit?limit=200").json()["items"]
            return [row for row in items if row["user"] != "auditor"]

        wait_until(lambda: len(rows()) >= count, f"{count} rows of the audit")
        return rows()


def secret_files(standing: RunningProject) -> list[Any]:
    run = standing.root / ".wattos/run"
    return [run / name for name in ("jwt.secret", "identity.key", "operator.token")]
