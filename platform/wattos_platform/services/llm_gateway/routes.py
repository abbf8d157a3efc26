"""HTTP in and out of the model gateway."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wattos_platform.kernel import context
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.deadline import remaining_s
from wattos_platform.kernel.sse import sse_response
from wattos_platform.services.llm_gateway.accounting import Caller
from wattos_platform.services.llm_gateway.catalog import ModelCatalog
from wattos_platform.services.llm_gateway.completions import Completions
from wattos_platform.services.llm_gateway.departure import while_connected
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest, parse_chat
from wattos_platform.services.llm_gateway.domain.embedding_request import parse_embedding
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.refusals import Refusal, unknown_model
from wattos_platform.services.llm_gateway.domain.usage_report import period, report
from wattos_platform.services.llm_gateway.embeddings import EmbeddingCalls
from wattos_platform.services.llm_gateway.ports import UsageLog

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
        self._completions = completions
        self._embeddings = embeddings
        self._catalog = catalog
        self._usage = usage

    def routes(self) -> list[Route]:
        """Return the route table."""
        return [
            Route("/v1/chat/completions", _refusing(self.chat), methods=["POST"]),
            Route("/v1/embeddings", _refusing(self.embed), methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{model:path}", _refusing(self.model), methods=["GET"]),
            Route("/v1/providers", self.providers, methods=["GET"]),
            Route("/v1/usage", _refusing(self.usage), methods=["GET"]),
            Route("/api/v1/usage", _refusing(self.usage), methods=["GET"]),
        ]

    async def chat(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        caller = _caller()
        asked = parse_chat(await _body(request))
        await self._catalog.make_known(asked.model)
        if asked.stream:
            return await self._stream(request, asked, caller)
        answered = await while_connected(request, _timely(self._completions.complete(asked, caller), caller))
        return _json(answered.body, _provenance(answered.target))

    async def embed(self, request: Request) -> Response:
        """POST /v1/embeddings."""
        caller = _caller()
        asked = parse_embedding(await _body(request))
        await self._catalog.make_known(asked.model)
        return _json(await while_connected(request, _timely(self._embeddings.embed(asked, caller), caller)))

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

    async def _stream(self, request: Request, asked: ChatRequest, caller: Caller) -> Response:
        relay = await while_connected(request, _timely(self._completions.open_stream(asked, caller), caller))
        return sse_response(relay.events(), headers=_provenance(relay.target))


def _refusing(handler: Handler) -> Handler:
    """Return `handler` with the domain's refusals as answers."""

    @wraps(handler)
    async def refusing(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            raise ServiceError(
                refusal.status, refusal.code, refusal.message, param=refusal.param
            ) from refusal

    return refusing


async def _timely(work: Coroutine[Any, Any, Any], caller: Caller) -> Any:
    """Return what `work` returns before the request's deadline; 504 otherwise."""
    try:
        async with asyncio.timeout(remaining_s(caller.deadline, time.monotonic(), "the model was asked")):
            return await work
    except TimeoutError:
        raise ServiceError(
            504, "deadline_exceeded", "The model did not answer within the request's time."
        ) from None
    finally:
        work.close()


async def _body(request: Request) -> Any:
    raw = await request.body()
    try:
        return msgspec.json.decode(raw)
    except UnicodeDecodeError:
        raise ServiceError(400, "invalid_json", "The body is not valid UTF-8.") from None
    except (msgspec.DecodeError, RecursionError) as error:
        reason = str(error) if isinstance(error, msgspec.DecodeError) else "it is nested too deeply"
        raise ServiceError(400, "invalid_json", f"The body is not valid JSON: {reason}.") from None


def _caller() -> Caller:
    now = context.current()
    return Caller(context.identity(), now.request_id, now.deadline, time.monotonic())


def _json(body: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


def _provenance(target: Target) -> dict[str, str]:
    model = target.model.encode("ascii", "replace").decode()
    return {"x-wattos-provider": target.provider, "x-wattos-model": model}
