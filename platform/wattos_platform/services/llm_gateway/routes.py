"""HTTP in and out of the model gateway."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform.kernel.answers import json_answer
from wattos_platform.services.llm_gateway.chat_endpoint import ChatEndpoint
from wattos_platform.services.llm_gateway.destinations import Destinations
from wattos_platform.services.llm_gateway.domain.dialects import DIALECTS
from wattos_platform.services.llm_gateway.domain.dialects.messages.request import parse_count
from wattos_platform.services.llm_gateway.domain.embedding_request import parse_embedding
from wattos_platform.services.llm_gateway.domain.refusals import unknown_model
from wattos_platform.services.llm_gateway.domain.tokens import estimated_prompt
from wattos_platform.services.llm_gateway.live_engine import LiveEngine
from wattos_platform.services.llm_gateway.quotas import Demand
from wattos_platform.services.llm_gateway.requests import caller_of, decoded, patience, refusing

_INLINE_BYTES = 64_000  # more than this is counted in a thread, so that the loop stays free


class Endpoints:
    """The handlers, given what answers."""

    def __init__(self, live: LiveEngine, destinations: Destinations) -> None:
        self._live = live
        self._destinations = destinations

    def routes(self) -> list[Route]:
        """Return the route table."""
        return [
            *(
                Route(f"/v1/{path}", ChatEndpoint(dialect, self._live), methods=["POST"])
                for path, dialect in DIALECTS.items()
            ),
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
        await self._live.engine.catalog.require(asked.model)
        if len(raw) > _INLINE_BYTES:
            return json_answer({"input_tokens": await asyncio.to_thread(estimated_prompt, asked)})
        return json_answer({"input_tokens": estimated_prompt(asked)})

    async def embed(self, request: Request) -> Response:
        """POST /v1/embeddings."""
        caller = caller_of("embeddings")
        raw = await request.body()
        asked = parse_embedding(decoded(raw))
        engine = self._live.engine
        await engine.catalog.make_known(asked.model)
        targets = (engine.book.resolve_embedding(asked.model),)
        demand = Demand(caller.identity, asked.model, targets, len(raw), asked_tokens=0)
        async with (
            engine.quotas.admitted(demand, caller.spending),
            patience(request.receive, caller) as disconnect,
        ):
            disconnect.watch()
            answer = await engine.embeddings.embed(asked, caller)
        return json_answer(answer)

    async def models(self, _request: Request) -> Response:
        """GET /v1/models."""
        await self._live.engine.catalog.refresh()
        return json_answer({"object": "list", "data": self._destinations.listed()})

    async def model(self, request: Request) -> Response:
        """GET /v1/models/{id}."""
        name = request.path_params["model"]
        await self._live.engine.catalog.make_known(name)
        for entry in self._destinations.listed():
            if entry["id"] == name:
                return json_answer(entry)
        raise unknown_model(name)

    async def providers(self, _request: Request) -> Response:
        """GET /v1/providers: what is known without asking any of them."""
        return json_answer({"object": "list", "data": self._live.engine.catalog.provider_states()})
