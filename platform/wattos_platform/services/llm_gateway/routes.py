"""HTTP in and out of the model gateway."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform.kernel import context
from wattos_platform.kernel.departure import Departure
from wattos_platform.services.llm_gateway.catalog import ModelCatalog
from wattos_platform.services.llm_gateway.chat_endpoint import ChatEndpoint
from wattos_platform.services.llm_gateway.completions import Completions
from wattos_platform.services.llm_gateway.domain.dialects import DIALECTS
from wattos_platform.services.llm_gateway.domain.embedding_request import parse_embedding
from wattos_platform.services.llm_gateway.domain.refusals import Refusal, unknown_model
from wattos_platform.services.llm_gateway.domain.usage_report import period, report
from wattos_platform.services.llm_gateway.embeddings import EmbeddingCalls
from wattos_platform.services.llm_gateway.ports import UsageLog
from wattos_platform.services.llm_gateway.requests import caller_of, decoded, refused, timely

Handler = Callable[[Request], Awaitable[Response]]


class Endpoints:
    """The handlers, given the parts that do the work."""

    def __init__(
        self,
        completions: Completions,
        embeddings: EmbeddingCalls,
        catalog: ModelCatalog,
        usage: UsageLog,
    ) -> None:
        self._chat = {
            f"/v1/{path}": ChatEndpoint(dialect, completions, catalog) for path, dialect in DIALECTS.items()
        }
        self._embeddings = embeddings
        self._catalog = catalog
        self._usage = usage

    def routes(self) -> list[Route]:
        """Return the route table."""
        return [
            *(Route(path, endpoint, methods=["POST"]) for path, endpoint in self._chat.items()),
            Route("/v1/embeddings", _refusing(self.embed), methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{model:path}", _refusing(self.model), methods=["GET"]),
            Route("/v1/providers", self.providers, methods=["GET"]),
            Route("/v1/usage", _refusing(self.usage), methods=["GET"]),
            Route("/api/v1/usage", _refusing(self.usage), methods=["GET"]),
        ]

    async def embed(self, request: Request) -> Response:
        """POST /v1/embeddings."""
        caller = caller_of("embeddings")
        asked = parse_embedding(decoded(await request.body()))
        await self._catalog.make_known(asked.model)
        async with Departure(request.receive) as departure:
            departure.watch()
            answer = await timely(self._embeddings.embed(asked, caller), caller)
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

    async def usage(self, request: Request) -> Response:
        """GET /v1/usage: the caller's tenant's calls in a period, the last 30 days unless told."""
        tenant = context.identity().tenant
        since, until = period(request.query_params, datetime.now(UTC))
        rows = await self._usage.summary(tenant, since.timestamp(), until.timestamp())
        return _json(report(tenant, since, until, rows))


def _refusing(handler: Handler) -> Handler:
    """Return `handler` with the domain's refusals as answers."""

    @wraps(handler)
    async def refusing(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            raise refused(refusal) from refusal

    return refusing


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
