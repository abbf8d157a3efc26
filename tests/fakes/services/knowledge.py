"""The knowledge service on a real SQLite file, with a model gateway that embeds words by their hash."""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.kernel.database import make_database, patient_database
from tests.fakes.kernel.hops import FakeHop, Recorded, Reply
from tests.fakes.kernel.runtime import identity_headers, make_runtime
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.services.rag.adapters.parser_process import ParserProcess
from wattos_platform.services.rag.app import create_app_with
from wattos_platform.services.rag.domain.terms import index_terms

DIMENSION = 64
_PATIENCE_S = 100.0  # a machine that does other things besides takes its time to read ten megabytes


def hashed(text: str, dimension: int = DIMENSION) -> list[float]:
    """Return a vector in which texts that share words are near each other."""
    vector = [0.01] * dimension
    for term in index_terms(text):
        vector[zlib.crc32(term.encode()) % dimension] += 1.0
    return vector


class FakeEmbeddings:
    """What answers /v1/embeddings: `state` is up, missing or broken."""

    def __init__(self) -> None:
        self.state = "up"
        self.dimension = DIMENSION
        self.calls = 0
        self.hop = FakeHop("llm-gateway", self.answer)

    def answer(self, request: Recorded) -> Reply:
        assert (request.method, request.path) == ("POST", "/v1/embeddings")
        self.calls += 1
        if self.state == "missing":
            body = {"error": {"message": "not installed", "type": "x", "code": "embeddings_not_installed"}}
            return Reply(503, json=body)
        if self.state == "broken":
            return Reply(500, json={"error": {"message": "boom", "type": "x", "code": "internal_error"}})
        texts = request.json["input"]
        data = [
            {"object": "embedding", "index": at, "embedding": hashed(text, self.dimension)}
            for at, text in enumerate(texts)
        ]
        return Reply(json={"object": "list", "data": data, "model": request.json["model"], "usage": {}})


class KnowledgeApi:
    """A client of the service as one tenant."""

    def __init__(self, client: httpx.AsyncClient, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    async def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {**identity_headers("rag", self._tenant), **arguments.pop("headers", {})}
        return await self._client.request(method, path, headers=headers, **arguments)

    async def space(self, name: str = "docs", **settings: Any) -> str:
        answer = await self.call("POST", "/api/v1/knowledge-spaces", json={"name": name, **settings})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def upload(self, space_id: str, name: str, content: bytes | str) -> httpx.Response:
        raw = content.encode() if isinstance(content, str) else content
        return await self.call(
            "POST", f"/api/v1/knowledge-spaces/{space_id}/documents", files={"file": (name, raw)}
        )

    async def settled(self, document_id: str, *, embedded: bool = False) -> dict[str, Any]:
        """Return the document once it is ready or failed, with all its vectors if `embedded`."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                document: dict[str, Any] = (await self.call("GET", f"/api/v1/documents/{document_id}")).json()
                done = document["status"] in {"ready", "failed"}
                if done and not (embedded and document["chunks_without_vector"]):
                    return document
                await asyncio.sleep(0.01)

    async def ingest(
        self, space_id: str, name: str, content: bytes | str, *, embedded: bool = False
    ) -> dict[str, Any]:
        answer = await self.upload(space_id, name, content)
        assert answer.status_code == 202, answer.text
        return await self.settled(answer.json()["id"], embedded=embedded)

    async def search(self, space_id: str, query: str, **options: Any) -> dict[str, Any]:
        body = {"knowledge_space_id": space_id, "query": query, **options}
        answer = await self.call("POST", "/api/v1/search", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


class RunningKnowledge:
    """The service while it runs."""

    def __init__(self, client: httpx.AsyncClient, runtime: Runtime, embeddings: FakeEmbeddings) -> None:
        self._client = client
        self.runtime = runtime
        self.database: Any = runtime.database
        self.embeddings = embeddings
        self.api = self.tenant("tenant-a")

    def tenant(self, name: str) -> KnowledgeApi:
        return KnowledgeApi(self._client, name)


@asynccontextmanager
async def closing_database(database: Database) -> AsyncIterator[None]:
    yield
    await database.close()


@asynccontextmanager
async def running_knowledge(
    folder: Path,
    *,
    embeddings: FakeEmbeddings | None = None,
    environ: Mapping[str, str] | None = None,
    lines: list[bytes] | None = None,
    working: bool = True,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[RunningKnowledge]:
    """Run the service on `folder`/rag.db until the block ends; started again, it finds what it left.

    Not `working`, it answers but does no background work, as if it died right after each answer.
    """
    embeddings = embeddings or FakeEmbeddings()
    path = folder / "rag.db"
    make_database(path, "rag")
    database = await patient_database(path)
    runtime = make_runtime(
        "rag",
        folder,
        hops={"llm-gateway": embeddings.hop},
        database=database,
        environ=environ,
        lines=lines,
        clock=clock,
    )
    app = create_app_with(runtime, ParserProcess(timeout_s=_PATIENCE_S))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    life = app.lifespan() if working else closing_database(database)
    async with life, httpx.AsyncClient(transport=transport, base_url="http://rag:3005") as client:
        yield RunningKnowledge(client, runtime, embeddings)
