"""The part of the platform that `wattos ingest` and `wattos ask` use, in memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.cli.deps import make_deps
from tests.fakes.cli.http import gateway_over
from wattos_cli.deps import Deps

ENVIRON = {"WATTOS_TOKEN": "wk_test", "WATTOS_GATEWAY_URL": "http://gateway.test"}
CITATION = {
    "document": "codes.md",
    "document_id": "d1",
    "start": 5,
    "end": 40,
    "score": 0.9,
    "text": "4 means:\nnot running",
}
ANSWER = {"id": "m1", "content": "Exit code 4.\nSee [1].", "model": "wattos-extractive",
          "citations": [CITATION], "degraded": [], "usage": {"total_tokens": 3}}  # fmt: skip
HEADERS = {"x-request-id": "r1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}


class Api:
    """Documents take the `outcomes` of their name one after the other; `messages` are the questions."""

    def __init__(self) -> None:
        self.spaces: dict[str, str] = {}
        self.rag_is_up = True
        self.conversations: list[dict[str, Any]] = []
        self.documents: dict[str, list[dict[str, Any]]] = {}
        self.uploads: list[str] = []
        self.limited = 0
        self.cut_at = ""
        self.messages: list[dict[str, Any]] = []
        self.message: Callable[[], httpx.Response] = lambda: httpx.Response(200, json=ANSWER, headers=HEADERS)
        self.outcomes: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer wk_test"
        path = request.url.path
        if path == "/api/v1/knowledge-spaces":
            return (
                self._space(request)
                if self.rag_is_up
                else httpx.Response(503, json={"message": "rag is away"})
            )
        if path.endswith("/documents"):
            return self._upload(request)
        if path.startswith("/api/v1/documents/"):
            return httpx.Response(200, json=self.documents[path.rpartition("/")[2]].pop(0))
        if path == "/api/v1/conversations":
            self.conversations.append(json.loads(request.content))
            return httpx.Response(201, json={"id": "c1"})
        self.messages.append(json.loads(request.content))
        return self.message()

    def _space(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            items = [{"name": name, "id": id_} for name, id_ in self.spaces.items()]
            return httpx.Response(200, json={"items": items})
        name = json.loads(request.content)["name"]
        self.spaces[name] = f"s-{name}"
        return httpx.Response(201, json={"id": f"s-{name}", "name": name})

    def _upload(self, request: httpx.Request) -> httpx.Response:
        if self.limited:
            self.limited -= 1
            return httpx.Response(429, headers={"retry-after": "7"}, json={"message": "slow down"})
        body = request.read().decode()
        name = body.split('filename="')[1].split('"')[0]
        if name == self.cut_at:
            raise httpx.ConnectError("refused")
        self.uploads.append(name)
        steps = self.outcomes.get(
            name, [{"status": "queued"}, {"status": "processing"}, {"status": "ready", "chunks": 3}]
        )
        if "refuse" in steps[0]:
            return httpx.Response(413, json={"code": "too_large", "message": "larger than 50 MB"})
        documents = [
            {"id": name.replace("/", "-"), "name": name, "chunks": 0, "error": None, **step} for step in steps
        ]
        self.documents[name.replace("/", "-")] = documents[1:]
        return httpx.Response(202, json=documents[0])


def connected(api: Api, cwd: Path, **options: Any) -> Deps:
    """Return the dependencies of a command that finds `api` at the gateway's address."""
    deps = make_deps(cwd=cwd, environ=ENVIRON, **options)
    deps.gateway = gateway_over(api, deps)
    return deps
