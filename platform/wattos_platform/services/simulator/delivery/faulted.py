"""What each fault makes of an answer: one function per kind, from reply to steps."""

import math
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from typing import Any

from wattos_platform.contracts import simulator_faults as faults
from wattos_platform.services.simulator.delivery import midway, plain, rewritten
from wattos_platform.services.simulator.delivery.scene import Scene
from wattos_platform.services.simulator.delivery.steps import HangUp, Head, Pause, Send, Silence, Step
from wattos_platform.services.simulator.domain.asked import Refusal
from wattos_platform.services.simulator.domain.reply import Event

_MESSAGE = "A simulated fault."
_PAGE = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>\n"
HARMLESS = frozenset({"slow_first_byte", "slow_stream", "gzip"})


def steps(scene: Scene, fault: faults.Fault) -> Iterator[Step]:
    """Return the steps of the answer that `fault` has struck."""
    return _SCRIPTS[fault.kind](scene, fault)


def _status(scene: Scene, fault: faults.Status) -> Iterator[Step]:
    refusal = Refusal(fault.status, _MESSAGE, code=fault.code)
    return plain.whole(scene.error(refusal), None, fault.status)


def _rate_limit(scene: Scene, fault: faults.RateLimit) -> Iterator[Step]:
    told = fault.retry_after_s if fault.retry_after != "none" else None
    body = plain.encode(scene.error(Refusal(429, _MESSAGE, code=fault.code, retry_after_s=told)))
    headers = [("content-type", plain.JSON), ("content-length", str(len(body)))]
    if fault.retry_after == "seconds":
        headers.append(("retry-after", str(fault.retry_after_s)))
    elif fault.retry_after == "date":
        headers.append(("retry-after", formatdate(math.ceil(scene.now) + fault.retry_after_s, usegmt=True)))
    yield Head(429, headers)
    yield Send(body)


def _refuse(_scene: Scene, _fault: faults.Refuse) -> Iterator[Step]:
    yield HangUp(reset=True)


def _reset(scene: Scene, fault: faults.Reset) -> Iterator[Step]:
    if fault.after_tokens is None:
        yield HangUp(reset=True)
    else:
        yield from midway.ended(scene, fault.after_tokens, HangUp(reset=True))


def _hang(_scene: Scene, _fault: faults.Hang) -> Iterator[Step]:
    yield Silence()


def _slow_first_byte(scene: Scene, fault: faults.SlowFirstByte) -> Iterator[Step]:
    if fault.headers == "late":
        yield Pause(fault.delay_s)
    for step in plain.answer(scene.reply, scene.pause_s):
        yield step
        if isinstance(step, Head) and fault.headers == "at_once":
            yield Pause(fault.delay_s)


def _slow_stream(scene: Scene, fault: faults.SlowStream) -> Iterator[Step]:
    pause_s = 1 / fault.tokens_per_s
    if scene.reply.stream:
        return plain.answer(scene.reply, pause_s)
    return midway.trickling(scene, pause_s)


def _stall(scene: Scene, fault: faults.Stall) -> Iterator[Step]:
    return midway.ended(scene, fault.after_tokens, Silence())


def _disconnect(scene: Scene, fault: faults.Disconnect) -> Iterator[Step]:
    return midway.ended(scene, fault.after_tokens, HangUp(reset=False))


def _truncate(scene: Scene, fault: faults.Truncate) -> Iterator[Step]:
    return midway.ended(scene, fault.after_tokens, None)


def _error_body(scene: Scene, fault: faults.ErrorBody) -> Iterator[Step]:
    return plain.whole(scene.error(Refusal(fault.status, _MESSAGE)), None)


def _error_event(scene: Scene, fault: faults.ErrorEvent) -> Iterator[Step]:
    refusal = Refusal(fault.status, _MESSAGE)
    body = scene.error(refusal)
    if not scene.reply.stream:
        return plain.whole(body, None)
    error = plain.framed(scene.reply.error_event(body, refusal), scene.reply.framing)
    return midway.ended(scene, fault.after_tokens, Send(error))


def _blocked(scene: Scene, _fault: faults.Blocked) -> Iterator[Step]:
    if scene.reply.blocked is None:
        return plain.whole(scene.error(scene.provider.blocked), None, scene.provider.blocked.status)
    body = scene.reply.blocked()
    if scene.reply.stream:
        return plain.stream([Event(body)], scene.reply.framing, 0)
    return plain.whole(body, None)


def _not_json(_scene: Scene, _fault: faults.NotJson) -> Iterator[Step]:
    yield Head(200, (("content-type", "text/html; charset=utf-8"), ("content-length", str(len(_PAGE)))))
    yield Send(_PAGE)


def _empty(scene: Scene, _fault: faults.Empty) -> Iterator[Step]:
    kind = plain.STREAM_TYPES[scene.reply.framing] if scene.reply.stream else plain.JSON
    yield Head(200, (("content-type", kind), ("content-length", "0")))


_SCRIPTS: Mapping[str, Callable[[Scene, Any], Iterator[Step]]] = {
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
