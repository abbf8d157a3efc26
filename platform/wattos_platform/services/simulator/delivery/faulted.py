"""What each fault makes of an answer: one function per kind, from reply to steps."""

import math
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from typing import Any

from wattos_platform.contracts import simulator_faults as faults
from wattos_platform.services.simulator.delivery import midway, plain, rewritten
from wattos_platform.services.simulator.delivery.fault_context import FaultContext
from wattos_platform.services.simulator.delivery.steps import HangUp, Head, Pause, Send, Silence, Step
from wattos_platform.services.simulator.domain.reply import Event
from wattos_platform.services.simulator.domain.requests import Refusal

_MESSAGE = "A simulated fault."
_PAGE = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>\n"
HARMLESS = frozenset({"slow_first_byte", "slow_stream", "gzip"})


def steps(context: FaultContext, fault: faults.Fault) -> Iterator[Step]:
    """Return the steps of the answer that `fault` has struck."""
    return _SCRIPTS[fault.kind](context, fault)


def _status(context: FaultContext, fault: faults.Status) -> Iterator[Step]:
    refusal = Refusal(fault.status, _MESSAGE, code=fault.code)
    return plain.whole(context.error(refusal), None, fault.status)


def _rate_limit(context: FaultContext, fault: faults.RateLimit) -> Iterator[Step]:
    told = fault.retry_after_s if fault.retry_after != "none" else None
    body = plain.encode(context.error(Refusal(429, _MESSAGE, code=fault.code, retry_after_s=told)))
    headers = [("content-type", plain.JSON), ("content-length", str(len(body)))]
    if fault.retry_after == "seconds":
        headers.append(("retry-after", str(fault.retry_after_s)))
    elif fault.retry_after == "date":
        headers.append(("retry-after", formatdate(math.ceil(context.now) + fault.retry_after_s, usegmt=True)))
    yield Head(429, headers)
    yield Send(body)


def _refuse(_context: FaultContext, _fault: faults.Refuse) -> Iterator[Step]:
    yield HangUp(reset=True)


def _reset(context: FaultContext, fault: faults.Reset) -> Iterator[Step]:
    if fault.after_tokens is None:
        yield HangUp(reset=True)
    else:
        yield from midway.ended(context, fault.after_tokens, HangUp(reset=True))


def _hang(_context: FaultContext, _fault: faults.Hang) -> Iterator[Step]:
    yield Silence()


def _slow_first_byte(context: FaultContext, fault: faults.SlowFirstByte) -> Iterator[Step]:
    if fault.headers == "late":
        yield Pause(fault.delay_s)
    for step in plain.answer(context.reply, context.pause_s):
        yield step
        if isinstance(step, Head) and fault.headers == "at_once":
            yield Pause(fault.delay_s)


def _slow_stream(context: FaultContext, fault: faults.SlowStream) -> Iterator[Step]:
    pause_s = 1 / fault.tokens_per_s
    if context.reply.stream:
        return plain.answer(context.reply, pause_s)
    return midway.trickling(context, pause_s)


def _stall(context: FaultContext, fault: faults.Stall) -> Iterator[Step]:
    return midway.ended(context, fault.after_tokens, Silence())


def _disconnect(context: FaultContext, fault: faults.Disconnect) -> Iterator[Step]:
    return midway.ended(context, fault.after_tokens, HangUp(reset=False))


def _truncate(context: FaultContext, fault: faults.Truncate) -> Iterator[Step]:
    return midway.ended(context, fault.after_tokens, None)


def _error_body(context: FaultContext, fault: faults.ErrorBody) -> Iterator[Step]:
    return plain.whole(context.error(Refusal(fault.status, _MESSAGE)), None)


def _error_event(context: FaultContext, fault: faults.ErrorEvent) -> Iterator[Step]:
    refusal = Refusal(fault.status, _MESSAGE)
    body = context.error(refusal)
    if not context.reply.stream:
        return plain.whole(body, None)
    error = plain.framed(context.reply.error_event(body, refusal), context.reply.framing)
    return midway.ended(context, fault.after_tokens, Send(error))


def _blocked(context: FaultContext, _fault: faults.Blocked) -> Iterator[Step]:
    if context.reply.blocked is None:
        return plain.whole(context.error(context.provider.blocked), None, context.provider.blocked.status)
    body = context.reply.blocked()
    if context.reply.stream:
        return plain.stream([Event(body)], context.reply.framing, 0)
    return plain.whole(body, None)


def _not_json(_context: FaultContext, _fault: faults.NotJson) -> Iterator[Step]:
    yield Head(200, (("content-type", "text/html; charset=utf-8"), ("content-length", str(len(_PAGE)))))
    yield Send(_PAGE)


def _empty(context: FaultContext, _fault: faults.Empty) -> Iterator[Step]:
    kind = plain.STREAM_TYPES[context.reply.framing] if context.reply.stream else plain.JSON
    yield Head(200, (("content-type", kind), ("content-length", "0")))


_SCRIPTS: Mapping[str, Callable[[FaultContext, Any], Iterator[Step]]] = {
    "status": _status,
    "rate_limit": _rate_limit,
    "refuse": _refuse,
    "reset": _reset,
    "hang": _hang,
    "slow_first_byte": _slow_first_byte,
    "slow_stream": _slow_stream,
    "stall": _stall,
    "disconnect": _disconnect,
    "truncate": _truncate,
    "error_body": _error_body,
    "error_event": _error_event,
    "blocked": _blocked,
    "not_json": _not_json,
    "empty": _empty,
    "broken_json": midway.broken_json,
    "garbage": midway.garbage,
    "oversized": midway.oversized,
    "no_content": rewritten.no_content,
    "content_type": rewritten.content_type,
    "gzip": rewritten.gzip,
    "false_gzip": rewritten.false_gzip,
}
