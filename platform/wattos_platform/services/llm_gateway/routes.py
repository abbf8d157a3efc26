"""HTTP in and out of the model gateway."""

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform.services.llm_gateway.catalog import ModelCatalog
from wattos_platform.services.llm_gateway.chat_endpoint import ChatEndpoint
from wattos_platform.services.llm_gateway.completions import Completions
from wattos_platform.services.llm_gateway.domain.dialects import DIALECTS
from wattos_platform.services.llm_gateway.domain.dialects.messages.request import parse_count
from wattos_platform.services.llm_gateway.domain.embedding_request import parse_embedding
from wattos_platform.services.llm_gateway.domain.refusals import unknown_model
from wattos_platform.services.llm_gateway.domain.tokens import estimated_prompt
from wattos_platform.services.llm_gateway.embeddings import EmbeddingCalls
from wattos_platform.services.llm_gateway.requests import caller_of, decoded, patience, refusing

_INLINE_BYTES = 64_000  # more than this is counted in a thread, so that the loop stays free


class Endpoints:
    """The handlers, given the parts that do the work."""

    def __init__(
        self,
        completions: Completions,
        embeddings: EmbeddingCalls,
        catalog: ModelCatalog,
    ) -> None:
        self._chat = {
            f"/v1/{path}": ChatEndpoint(dialect, completions, catalog) for path, dialect in DIALECTS.items()
        }
        self._embeddings = embeddings
        self._catalog = catalog

    def routes(self) -> list[Route]:
        """Return the route table."""
        return [
            *(Route(path, endpoint, methods=["POST"]) for path, endpoint in self._chat.items()),
            Route("/v1/messages/count_tokens", refusing(self.count_tokens), methods=["POST"]),
            Route("/v1/embeddings", refusing(self.embed), methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{model:path}", refusing(self.model), methods=["GET"]),
            Route("/v1/providers", self.providers, methods=["GET"]),
        ]

    async def count_tokens(self, request: Request) -> Response:
        """POST /v1/messages/count_tokens: what the estimator says, since no provider is asked."""
        raw = await request.body()
        asked = parse_count(decoded(raw))
        await self._catalog.require(asked.model)
        if len(raw) > _INLINE_BYTES:
            return _json({"input_tokens": await asyncio.to_thread(estimated_prompt, asked)})
        return _json({"input_tokens": estimated_prompt(asked)})

    async def embed(self, request: Request) -> Response:
        """POST /v1/embeddings."""
        caller = caller_of("embeddings")
        asked = parse_embedding(decoded(await request.body()))
        await self._catalog.make_known(asked.model)
        async with patience(request.receive, caller) as departure:
            departure.watch()
            answer = await self._embeddings.embed(asked, caller)
        return _json(answer)

    async def models(self, _request: Request) -> Response:
        """GET /v1/models."""
        await self._catalog.refresh()
        return _json({"object": "list", "data": self._catalog.listing()})

    async def model(self, request: Request) -> Response:
        """GET /v1/models/{id}."""
        name = request.path_params["model"]
        await self._catalog.make_known(name)
        for entry in self._catalog.listing():
            if entry["id"] == name:
                return _json(entry)
        raise unknown_model(name)

    async def providers(self, _request: Request) -> Response:
        """GET /v1/providers: what is known without asking any of them."""
        return _json({"object": "list", "data": self._catalog.provider_states()})


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
