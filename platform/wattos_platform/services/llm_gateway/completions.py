"""A chat request through the chain of its model: who is asked, who answers instead, what is counted."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from wattos_platform.kernel.resilience.breaker import BreakerOpen
from wattos_platform.services.llm_gateway.accounting import Accounting, Caller, CallTimer
from wattos_platform.services.llm_gateway.domain import context_prompt, wire
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.failures import BREAKER_OPEN, ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import LOCAL, ModelBook, Target
from wattos_platform.services.llm_gateway.domain.tokens import estimate, estimate_prompt
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.failure_answers import as_error, nobody
from wattos_platform.services.llm_gateway.gate import Breaker, OpenGate
from wattos_platform.services.llm_gateway.ports import Provider
from wattos_platform.services.llm_gateway.relay import Relay

NO_USAGE = Usage()
A = TypeVar("A")


class Retries(Protocol):
    """The kernel's retry for one target, as far as it is used here."""

    async def call(self, work: Callable[[int], Awaitable[A]], *, deadline: float = math.inf) -> A:
        """Return `await work(attempt)`, tried again as its settings, budget and `deadline` allow."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A whole answer and who gave it."""

    body: dict[str, Any]
    target: Target


@dataclass(slots=True)
class Attempt:
    """One call that is being made: everything its end needs."""

    target: Target
    provider: Provider
    breaker: Breaker
    permit: float
    timer: CallTimer


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One request on its way through the chain, and the timers of the calls made for it."""

    request: ChatRequest
    caller: Caller
    timers: list[CallTimer] = field(default_factory=list)


class Completions:
    """Answers chat requests. Stateless but for what its parts keep."""

    def __init__(
        self,
        book: ModelBook,
        providers: Mapping[str, Provider],
        breaker_of: Callable[[str], Breaker],
        accounting: Accounting,
        retries_of: Callable[[str], Retries],
    ) -> None:
        self._book = book
        self._providers = providers
        self._breaker_of = breaker_of
        self._accounting = accounting
        self._retries_of = retries_of

    async def complete(self, request: ChatRequest, caller: Caller) -> Completed:
        """Return the first answer of the chain. ServiceError when nobody could answer."""

        async def work(attempt: Attempt) -> Completed:
            body = await attempt.provider.complete(attempt.target.model, request)
            attempt.timer.saw_content()
            attempt.breaker.success(attempt.permit)
            text = _text_of(body)
            usage = wire.usage_of(body) or estimated(request, text)
            if request.passages and "wattos_citations" not in body:
                body["wattos_citations"] = context_prompt.citations(text, request.passages)
            cost = self._settle(attempt, request, caller, usage, stream=False)
            if cost is not None:
                body["wattos_cost_usd"] = str(cost)
            return Completed(body, attempt.target)

        return await self._first(request, caller, work)

    async def open_stream(self, request: ChatRequest, caller: Caller) -> Relay:
        """Return the stream of the first provider that gave content: until then failures stay invisible."""

        async def work(attempt: Attempt) -> Relay:
            relay = Relay(
                attempt.provider.stream(attempt.target.model, request),
                request,
                attempt.target,
                on_end=lambda relay: self._end_stream(attempt, request, caller, relay),
            )
            await relay.open()
            attempt.timer.saw_content()
            return relay

        return await self._first(request, caller, work)

    async def _first(
        self, request: ChatRequest, caller: Caller, work: Callable[[Attempt], Awaitable[A]]
    ) -> A:
        inquiry = Inquiry(request, caller)
        resolution = self._book.resolve(request.model)
        failures: list[tuple[Target, ProviderFailure]] = []
        for target in resolution.targets:
            try:
                answer = await self._ask(target, inquiry, work, patient=len(resolution.targets) == 1)
            except ProviderFailure as failure:
                if not failure.falls_back:
                    raise as_error(target, failure) from failure
                failures.append((target, failure))
                continue
            if failures:
                self._accounting.fell_back(failures[0][0].provider, target.provider)
            self._accounting.added(caller.began, inquiry.timers)
            return answer
        raise nobody(resolution, failures)

    async def _ask(
        self,
        target: Target,
        inquiry: Inquiry,
        work: Callable[[Attempt], Awaitable[A]],
        *,
        patient: bool,
    ) -> A:
        """Ask one provider; again after a wait only when there is no other to ask."""
        if not patient or target.provider == LOCAL:
            return await self._call(target, inquiry, work)
        return await self._retries_of(target.provider).call(
            lambda _attempt: self._call(target, inquiry, work), deadline=inquiry.caller.deadline
        )

    async def _call(self, target: Target, inquiry: Inquiry, work: Callable[[Attempt], Awaitable[A]]) -> A:
        request, caller = inquiry.request, inquiry.caller
        provider = self._providers[target.provider]
        field = provider.unsupported(request)
        if field is not None:
            raise ProviderFailure(
                "unsupported", f"{target.model} cannot honour {field}.", status=400, param=field
            )
        breaker = OpenGate() if target.provider == LOCAL else self._breaker_of(f"llm:{target.provider}")
        try:
            permit = breaker.allow()
        except BreakerOpen as error:
            raise ProviderFailure(
                "unavailable",
                f"The provider {target.provider} failed repeatedly and is left alone for now.",
                code=BREAKER_OPEN,
                retry_after_s=error.retry_after_s,
            ) from error
        attempt = Attempt(target, provider, breaker, permit, self._accounting.timer())
        inquiry.timers.append(attempt.timer)
        try:
            return await work(attempt)
        except ProviderFailure as failure:
            breaker.failure(failure, permit)
            self._settle(
                attempt,
                request,
                caller,
                NO_USAGE,
                outcome="error",
                error_type=failure.error_type,
                stream=request.stream,
            )
            raise
        except asyncio.CancelledError:
            breaker.release(permit)
            usage = NO_USAGE if target.provider == LOCAL else estimated(request, "")
            self._settle(
                attempt,
                request,
                caller,
                usage,
                outcome="cancelled",
                error_type="caller_gone",
                stream=request.stream,
            )
            raise

    def _end_stream(self, attempt: Attempt, request: ChatRequest, caller: Caller, relay: Relay) -> None:
        """Settle a stream that had begun: whole, cut off, or left by its reader."""
        usage = relay.usage or estimated(request, relay.text())
        if relay.failure is not None:
            attempt.breaker.failure(relay.failure, attempt.permit)
            self._settle(
                attempt,
                request,
                caller,
                usage,
                outcome="truncated",
                error_type="provider_truncated",
                stream=True,
            )
        elif relay.complete:
            attempt.breaker.success(attempt.permit)
            self._settle(attempt, request, caller, usage, stream=True)
        else:
            attempt.breaker.release(attempt.permit)
            self._settle(
                attempt, request, caller, usage, outcome="cancelled", error_type="caller_gone", stream=True
            )

    def _settle(
        self,
        attempt: Attempt,
        request: ChatRequest,
        caller: Caller,
        usage: Usage,
        *,
        outcome: str = "ok",
        error_type: str = "",
        stream: bool,
    ) -> Decimal | None:
        return self._accounting.settle(
            caller,
            attempt.target,
            attempt.timer,
            usage,
            operation="chat",
            requested_model=request.model,
            outcome=outcome,
            error_type=error_type,
            stream=stream,
        )


def estimated(request: ChatRequest, text: str) -> Usage:
    """Return the usage of an answer whose provider counted nothing."""
    passages = [passage.text for passage in request.passages]
    return Usage(estimate_prompt(request.messages, passages), estimate(text), estimated=True)


def _text_of(body: Mapping[str, Any]) -> str:
    choices = body.get("choices")
    message = choices[0].get("message") if isinstance(choices, list) and choices else None
    content = message.get("content") if isinstance(message, Mapping) else None
    return content if isinstance(content, str) else ""
