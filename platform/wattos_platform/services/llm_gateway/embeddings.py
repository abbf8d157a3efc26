"""An embeddings request: the local model through the queue, a provider's model through its upstream."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.llm_gateway.accounting import (
    CALLER_GONE,
    OK,
    Accounting,
    Caller,
    CallTimer,
    Outcome,
)
from wattos_platform.services.llm_gateway.completions import NO_USAGE, permit_of
from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import LOCAL, MINILM, ModelBook, Target
from wattos_platform.services.llm_gateway.domain.refusals import Refusal, wrong
from wattos_platform.services.llm_gateway.domain.tokens import estimate
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.failure_answers import as_error
from wattos_platform.services.llm_gateway.ports import Embedder, Embeddings, Provider
from wattos_platform.services.llm_gateway.provider_breaker import Breaker

_SERVERS = 500


class EmbeddingCalls:
    """Answers embeddings requests; a model never changes, because its vectors cannot be mixed."""

    def __init__(
        self,
        book: ModelBook,
        providers: Mapping[str, Provider],
        embedder: Embedder,
        breaker_of: Callable[[str], Breaker],
        accounting: Accounting,
    ) -> None:
        self._book = book
        self._providers = providers
        self._embedder = embedder
        self._breaker_of = breaker_of
        self._accounting = accounting

    async def embed(self, request: EmbeddingRequest, caller: Caller) -> dict[str, Any]:
        """Return the answer in OpenAI's shape. Refusal for what a model cannot do, ServiceError when down."""
        target = self._book.resolve_embedding(request.model)
        timer = self._accounting.timer()
        try:
            if target.provider == LOCAL:
                body = await self._local(request)
            else:
                body = await self._upstream(target, request)
        except (ServiceError, Refusal) as error:
            self._settle(caller, target, timer, request, NO_USAGE, outcome=Outcome("error", _fault(error)))
            raise
        except asyncio.CancelledError:
            self._settle(caller, target, timer, request, NO_USAGE, outcome=CALLER_GONE)
            raise
        usage = wire.usage_of(body)
        if usage is None:
            usage = _estimated(request)
            body["usage"] = {"prompt_tokens": usage.prompt, "total_tokens": usage.prompt}
        self._settle(caller, target, timer, request, usage, served=str(body.get("model") or ""))
        return body

    async def _local(self, request: EmbeddingRequest) -> dict[str, Any]:
        if request.texts is None:
            raise wrong("input", f"{MINILM} takes texts, not token ids")
        found = await self._embedder.embed(request.texts)
        if request.dimensions not in (None, found.width):
            raise wrong("dimensions", f"{MINILM} has {found.width} dimensions and cannot be cut")
        tokens = sum(found.tokens)
        data = [
            {"object": "embedding", "index": number, "embedding": _encoded(found, number, request.encoding)}
            for number in range(len(request.texts))
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": MINILM, "usage": usage}

    async def _upstream(self, target: Target, request: EmbeddingRequest) -> dict[str, Any]:
        breaker = self._breaker_of(f"llm:{target.provider}")
        try:
            permit = permit_of(breaker, target)
        except ProviderFailure as failure:
            raise as_error(target, failure) from failure
        try:
            body = await self._providers[target.provider].embed(target.model, request)
        except ProviderFailure as failure:
            breaker.failure(failure, permit)
            raise as_error(target, failure) from failure
        except BaseException:
            breaker.release(permit)
            raise
        breaker.success(permit)
        return body

    def _settle(
        self,
        caller: Caller,
        target: Target,
        timer: CallTimer,
        request: EmbeddingRequest,
        usage: Usage,
        *,
        outcome: Outcome = OK,
        served: str = "",
    ) -> None:
        self._accounting.settle(
            caller, target, timer, usage, requested_model=request.model, outcome=outcome, served=served
        )


def _fault(error: ServiceError | Refusal) -> str:
    """Return the domain of a failed call's fault, as the error tells it, or else as its status does."""
    told = error.error_type if isinstance(error, ServiceError) else ""
    return told or ("caller_invalid" if error.status < _SERVERS else "provider_unavailable")


def _encoded(found: Embeddings, number: int, encoding: str) -> list[float] | str:
    row = found.row(number)
    return base64.b64encode(row.tobytes()).decode() if encoding == "base64" else row.tolist()


def _estimated(request: EmbeddingRequest) -> Usage:
    return Usage(sum(estimate(text) for text in request.texts or ()), 0, estimated=True)
