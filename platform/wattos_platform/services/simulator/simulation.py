"""One simulated call: from the request to the steps of its answer, with everything noted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Send

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.simulator.delivery import faulted, plain
from wattos_platform.services.simulator.delivery.fault_context import FaultContext
from wattos_platform.services.simulator.delivery.playback import CallerConnection, play
from wattos_platform.services.simulator.delivery.steps import Pause, Step
from wattos_platform.services.simulator.domain.behaviour import Behaviours
from wattos_platform.services.simulator.domain.dialects.table import Mount
from wattos_platform.services.simulator.domain.fault_board import FaultBoard
from wattos_platform.services.simulator.domain.ledger import Call, Ledger, Outcome
from wattos_platform.services.simulator.domain.reply import Head
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal
from wattos_platform.services.simulator.ports import HangUp


@dataclass(slots=True)
class Simulation:
    """The state of the simulator, shared by all requests."""

    faults: FaultBoard
    behaviours: Behaviours
    ledger: Ledger
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    new_id: Callable[[], str]
    hang_up: HangUp

    async def answer(self, request: Request, send: Send, mount: Mount, alias: str | None) -> None:
        """Answer a request at `mount`; `alias` is the name under which it is counted, else None.

        ClientDisconnect when the caller leaves before the end.
        """
        mount = mount.claimed(request.headers)
        call = self.ledger.arrived(alias or mount.provider.name, request.scope["path"])
        began = self.monotonic()
        line = CallerConnection(
            request.scope,
            request.receive,
            send,
            self.sleep,
            self.hang_up,
            passed_s=lambda: self.monotonic() - began,
        )
        outcome: Outcome = "failed"
        try:
            script, intended = await self._script(request, mount, call)
            if await play(script, line, call):
                outcome = intended
        except ServiceError:
            outcome = "refused"
            raise
        except (ClientDisconnect, asyncio.CancelledError):
            outcome = "abandoned"
            raise
        finally:
            self.ledger.ended(call, outcome, self.monotonic() - began)

    async def _script(self, request: Request, mount: Mount, call: Call) -> tuple[Iterator[Step], Outcome]:
        """Return the steps of the answer and what it is called once they are taken."""
        provider, behaviour = mount.provider, self.behaviours.of(call.provider)
        head = Head(self.new_id().replace("-", ""), self.clock())
        incoming = Incoming({}, request.headers, request.query_params, request.path_params)
        try:
            if behaviour.require_key and not provider.has_key(incoming):
                raise provider.missing_key
            if mount.method == "POST":
                body = _parsed(await request.body())
                incoming = Incoming(body, request.headers, request.query_params, request.path_params)
            reply = mount.operation(incoming, behaviour, head)
        except Refusal as refusal:
            self.ledger.met(call, "", None, stream=False)
            return plain.whole(provider.error(refusal, head), None, refusal.status), "refused"
        fault = self.faults.strike(call.provider, call.path, reply.model)
        call.tokens = reply.tokens
        self.ledger.met(call, reply.model, fault.kind if fault else None, stream=reply.stream)
        latency = Pause(self.behaviours.latency_s(call.provider))
        if fault is None:
            return _after(latency, plain.answer(reply, behaviour.pause_s)), "completed"
        context = FaultContext(reply, provider, head, behaviour.pause_s)
        outcome: Outcome = "completed" if fault.kind in faulted.HARMLESS else "failed"
        return _after(latency, faulted.steps(context, fault)), outcome


def _after(first: Step, rest: Iterator[Step]) -> Iterator[Step]:
    yield first
    yield from rest


def _parsed(raw: bytes) -> Mapping[str, Any]:
    """Return the body; Refusal 400 for what is no JSON object."""
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not a JSON object.")
    return body
