"""A chat request through the chain of its model: who is asked, who answers instead, what is counted."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from wattos_platform.kernel.resilience.breaker import BreakerOpen
from wattos_platform.services.llm_gateway.accounting import (
    CALLER_GONE,
    OK,
    TRUNCATED,
    Accounting,
    Caller,
    CallTimer,
    Outcome,
)
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.dialects.dialect import Dialect
from wattos_platform.services.llm_gateway.domain.failures import BREAKER_OPEN, ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import LOCAL, ModelBook, Target
from wattos_platform.services.llm_gateway.domain.tokens import estimated_usage
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.failure_answers import as_error, nobody
from wattos_platform.services.llm_gateway.ports import CallRecord, Provider
from wattos_platform.services.llm_gateway.provider_breaker import Breaker, NullBreaker
from wattos_platform.services.llm_gateway.relay import Relay
from wattos_platform.services.llm_gateway.running_streams import RunningStreams

NO_USAGE = Usage()
A = TypeVar("A")


class Retries(Protocol):
    """The kernel's retry for one target, as far as it is used here."""

    async def call(self, work: Callable[[int], Awaitable[A]], *, deadline: float = math.inf) -> A:
        """Return `await work(attempt)`, tried again as its settings, budget and `deadline` allow."""


class Completed(msgspec.Struct, frozen=True):
    """A whole answer, who gave it, and what it cost in pico-dollars; None if nobody knows."""

    answer: ChatAnswer
    target: Target
    cost_pico_usd: int | None


class Inquiry(msgspec.Struct, frozen=True):
    """One request on its way through the chain, and the timers of the calls made for it."""

    request: ChatRequest
    caller: Caller
    timers: list[CallTimer]


class Attempt(msgspec.Struct, frozen=True):
    """One call that is being made: everything its end needs."""

    inquiry: Inquiry
    target: Target
    provider: Provider
    breaker: Breaker
    permit: float
    timer: CallTimer


class Completions:
    """Answers chat requests. Stateless but for what its parts keep."""

    def __init__(
        self,
        book: ModelBook,
        providers: Mapping[str, Provider],
        breaker_of: Callable[[str], Breaker],
        accounting: Accounting,
        retries_of: Callable[[str], Retries],
        *,
        streams: RunningStreams,
    ) -> None:
        self._book = book
        self._providers = providers
        self._breaker_of = breaker_of
        self._accounting = accounting
        self._retries_of = retries_of
        self._streams = streams

    def complete(self, request: ChatRequest, caller: Caller) -> Awaitable[Completed]:
        """Return the first answer of the chain. ServiceError when nobody could answer."""
        return self._first(request, caller, self._completed)

    def open_stream(self, request: ChatRequest, caller: Caller, dialect: Dialect) -> Awaitable[Relay]:
        """Return the stream of the first provider that gave content: until then failures stay invisible."""

        async def opened(attempt: Attempt) -> Relay:
            relay = Relay(
                attempt.provider.stream(attempt.target.model, request),
                request,
                attempt.target,
                dialect.outlet(request),
                on_end=lambda relay: self._end_stream(attempt, relay),
                on_begin=lambda relay: self._streams.begun(
                    relay, lambda call_id: self._so_far(attempt, relay, call_id)
                ),
                cost_of=lambda relay, usage: self._accounting.cost(attempt.target, usage, relay.served),
            )
            await relay.open()
            attempt.timer.saw_content()
            return relay

        return self._first(request, caller, opened)

    async def _completed(self, attempt: Attempt) -> Completed:
        request = attempt.inquiry.request
        answer = await attempt.provider.complete(attempt.target.model, request)
        attempt.breaker.success(attempt.permit)
        usage = answer.usage or estimated_usage(request, answer.text)
        cost = self._settle(attempt, usage, served=answer.served)
        return Completed(answer, attempt.target, cost)

    async def _first(
        self, request: ChatRequest, caller: Caller, work: Callable[[Attempt], Awaitable[A]]
    ) -> A:
        inquiry = Inquiry(request, caller, [])
        resolution = self._book.resolve(request.model)
        beyond = caller.spending.beyond
        failures = [(target, _not_covered(target)) for target in beyond] if beyond else []
        for target in resolution.targets:
            if target in beyond:
                continue
            try:
                answer = await self._ask(target, inquiry, work, patient=len(resolution.targets) == 1)
            except ProviderFailure as failure:
                if not failure.falls_back:
                    raise as_error(target, failure) from failure
                # Without its frames, one of which holds this list.
                failures.append((target, failure.with_traceback(None)))
                continue
            if failures:
                self._accounting.fell_back(failures[0][0].provider, target.provider)
            self._accounting.added(caller.began, inquiry.timers)
            return answer
        raise nobody(resolution, failures)

    def _ask(
        self,
        target: Target,
        inquiry: Inquiry,
        work: Callable[[Attempt], Awaitable[A]],
        *,
        patient: bool,
    ) -> Awaitable[A]:
        """Ask one provider; again after a wait only when there is no other to ask."""
        if not patient or target.provider == LOCAL:
            return self._call(target, inquiry, work)
        return self._retries_of(target.provider).call(
            lambda _attempt: self._call(target, inquiry, work), deadline=inquiry.caller.deadline
        )

    async def _call(self, target: Target, inquiry: Inquiry, work: Callable[[Attempt], Awaitable[A]]) -> A:
        attempt = self._begin(target, inquiry)
        inquiry.timers.append(attempt.timer)
        try:
            return await work(attempt)
        except ProviderFailure as failure:
            attempt.breaker.failure(failure, attempt.permit)
            self._settle(attempt, NO_USAGE, Outcome("error", failure.error_type))
            raise
        except asyncio.CancelledError:
            attempt.breaker.release(attempt.permit)
            usage = NO_USAGE if target.provider == LOCAL else estimated_usage(inquiry.request, "")
            self._settle(attempt, usage, CALLER_GONE)
            raise
        except BaseException:
            # A fault of ours says nothing of the provider, and must not keep a probe's permit.
            attempt.breaker.release(attempt.permit)
            raise

    def _begin(self, target: Target, inquiry: Inquiry) -> Attempt:
        """Return the call that may now be made; ProviderFailure where it cannot or must not be."""
        provider = self._providers[target.provider]
        field = provider.unsupported(inquiry.request)
        if field is not None:
            raise ProviderFailure(
                "unsupported", f"{target.model} cannot honour {field}.", status=400, param=field
            )
        breaker = NullBreaker() if target.provider == LOCAL else self._breaker_of(f"llm:{target.provider}")
        permit = permit_of(breaker, target)
        return Attempt(inquiry, target, provider, breaker, permit, self._accounting.timer())

    def _end_stream(self, attempt: Attempt, relay: Relay) -> None:
        """Settle a stream that had begun: whole, cut off, or left by its reader."""
        if relay.failure is not None:
            attempt.breaker.failure(relay.failure, attempt.permit, took_s=attempt.timer.waited_s)
            outcome = TRUNCATED
        elif relay.complete:
            attempt.breaker.success(attempt.permit, took_s=attempt.timer.waited_s)
            outcome = OK
        else:
            attempt.breaker.release(attempt.permit)
            outcome = CALLER_GONE
        call_id = self._streams.ended(relay)
        self._settle(attempt, relay.usage, outcome, served=relay.served, call_id=call_id)

    def _so_far(self, attempt: Attempt, relay: Relay, call_id: str) -> CallRecord:
        """Return the row of a stream as it shall be if this process is killed before its end."""
        return self._accounting.so_far(
            attempt.inquiry.caller,
            attempt.target,
            attempt.timer,
            relay.used_so_far(),
            requested_model=attempt.inquiry.request.model,
            served=relay.served,
            call_id=call_id,
        )

    def _settle(
        self,
        attempt: Attempt,
        usage: Usage,
        outcome: Outcome = OK,
        *,
        served: str = "",
        call_id: str = "",
    ) -> int | None:
        request = attempt.inquiry.request
        return self._accounting.settle(
            attempt.inquiry.caller,
            attempt.target,
            attempt.timer,
            usage,
            requested_model=request.model,
            outcome=outcome,
            stream=request.stream,
            served=served,
            call_id=call_id,
        )


def _not_covered(target: Target) -> ProviderFailure:
    return ProviderFailure("budget", f"The budget of the day does not cover {target.model}.")


def permit_of(breaker: Breaker, target: Target) -> float:
    """Return a permit of `breaker`; ProviderFailure while it is open."""
    try:
        return breaker.allow()
    except BreakerOpen as error:
        raise ProviderFailure(
            "unavailable",
            f"The provider {target.provider} is left alone for now: its circuit breaker is open.",
            code=BREAKER_OPEN,
            retry_after_s=error.retry_after_s,
        ) from error
