"""One simulated call: waits, faults, tokens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.event_stream import sse_response
from wattos_platform.kernel.sse import event
from wattos_platform.services.simulator.adapters.connections import reset
from wattos_platform.services.simulator.domain import answers
from wattos_platform.services.simulator.domain.behaviour import Behaviour, Counts
from wattos_platform.services.simulator.domain.faults import FaultBoard, FaultRequest

_encode = msgspec.json.Encoder().encode
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


@dataclass(slots=True)
class Simulation:
    """The state of the simulator, shared by all requests."""

    faults: FaultBoard
    rng: Random
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    new_id: Callable[[], str]
    behaviour: Behaviour = field(default_factory=Behaviour)
    counts: Counts = field(default_factory=Counts)

    async def begin(self, request: Request, model: str) -> FaultRequest | None:
        """Count the request, wait its latency, and let a fault strike that comes before the headers.

        Returns the fault that strikes later, inside a stream. ServiceError is the answer of status and
        rate_limit; ClientDisconnect means that the caller has left or was reset.
        """
        path = request.url.path
        fault = self.faults.strike(path, model)
        self.counts.received(path, model, fault.kind if fault else None)
        try:
            await self.sleep(self.behaviour.latency_s(self.rng))
        except asyncio.CancelledError:
            self.counts.abandoned()
            raise
        if fault is None or fault.after_tokens:
            return fault
        if fault.kind == "hang":
            await _until_gone(request)
            self.counts.abandoned()
            raise ClientDisconnect
        if fault.kind == "reset":
            await _reset(request)
            raise ClientDisconnect
        raise _refusal(fault)

    def reply(self, body: Mapping[str, Any]) -> Response:
        """Return a whole answer and count it."""
        self.counts.completed()
        return Response(_encode(body), media_type="application/json")

    def stream(self, request: Request, asked: Mapping[str, Any], fault: FaultRequest | None) -> Response:
        """Return the streamed answer to `asked`, ended early where `fault` says so."""
        return sse_response(self._tokens(request, asked, fault))

    async def _tokens(
        self, request: Request, asked: Mapping[str, Any], fault: FaultRequest | None
    ) -> AsyncIterator[bytes]:
        done = False
        try:
            head = {
                "id": f"chatcmpl-{self.new_id()}",
                "object": "chat.completion.chunk",
                "created": int(self.clock()),
                "model": asked["model"],
            }
            said, reason = self.said(asked)
            yield _chunk(head, {"role": "assistant", "content": ""})
            for number, word in enumerate(said):
                if fault is not None and fault.kind in ("truncate", "reset") and number == fault.after_tokens:
                    if fault.kind == "reset":
                        await _reset(request)
                    return
                yield _chunk(head, {"content": word})
                await self.sleep(self.behaviour.pause_s)
            yield _chunk(head, {}, reason)
            if (asked.get("stream_options") or {}).get("include_usage"):
                yield event(_encode({**head, "choices": [], "usage": usage(asked, len(said))}))
            yield event("[DONE]")
            done = True
            self.counts.completed()
        finally:
            if not done and fault is None:
                self.counts.abandoned()

    def said(self, asked: Mapping[str, Any]) -> tuple[list[str], str]:
        """Return the answer's tokens and its finish_reason."""
        wanted = self.behaviour.answer_tokens
        limit = asked.get("max_completion_tokens") or asked.get("max_tokens")
        count = min(wanted, limit) if isinstance(limit, int) and limit > 0 else wanted
        return answers.words(
            answers.question_of(asked["messages"]), count
        ), "stop" if count == wanted else "length"


def usage(asked: Mapping[str, Any], completion: int) -> dict[str, int]:
    """Return the usage member of an answer with `completion` tokens."""
    prompt = answers.tokens_in(asked["messages"])
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _chunk(head: Mapping[str, Any], delta: Mapping[str, Any], reason: str | None = None) -> bytes:
    return event(_encode({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}))


def _refusal(fault: FaultRequest) -> ServiceError:
    status = 429 if fault.kind == "rate_limit" else fault.status
    headers = {"Retry-After": str(fault.retry_after_s)} if fault.kind == "rate_limit" else {}
    return ServiceError(status, _CODES.get(status, "simulated_fault"), "A simulated fault.", headers=headers)


async def _reset(request: Request) -> None:
    client, server = request.scope.get("client"), request.scope.get("server")
    if client and server and reset(tuple(client), tuple(server)):
        await _until_gone(request)


async def _until_gone(request: Request) -> None:
    with contextlib.suppress(ClientDisconnect):
        while (await request.receive())["type"] != "http.disconnect":
            pass
