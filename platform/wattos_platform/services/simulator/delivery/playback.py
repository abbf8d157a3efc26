"""Taking the steps of an answer one by one, while watching whether the caller is still there."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from wattos_platform.kernel.disconnect import CancelOnDisconnect
from wattos_platform.services.simulator.delivery import steps
from wattos_platform.services.simulator.domain.ledger import Call
from wattos_platform.services.simulator.ports import HangUp


@dataclass(frozen=True, slots=True)
class CallerConnection:
    """The connection to one caller whose request has been read; `passed_s` is how long ago it came."""

    scope: Scope
    receive: Receive
    send: Send
    sleep: Callable[[float], Awaitable[object]]
    hang_up: HangUp
    passed_s: Callable[[], float]


async def play(script: Iterator[steps.Step], line: CallerConnection, call: Call) -> bool:
    """Take all steps and return True; False once the connection was ended on purpose.

    ClientDisconnect when the caller leaves before.
    """
    ended = False
    try:
        async with CancelOnDisconnect(line.receive) as disconnect:
            disconnect.watch()
            for step in script:
                if isinstance(step, steps.HangUp):
                    ended = True
                    if not line.hang_up(line.scope, step.reset):
                        return False  # the server ends the connection then, since the body is not complete
                    await asyncio.Event().wait()
                await _take(step, line, call)
            disconnect.done()
    except ClientDisconnect:
        if not ended:
            raise
        return False
    await line.send({"type": "http.response.body", "body": b"", "more_body": False})
    return True


async def _take(step: steps.Step, line: CallerConnection, call: Call) -> None:
    match step:
        case steps.Pause(seconds):
            await line.sleep(seconds)
        case steps.Head(status, headers):
            call.status = status
            fields = [(name.encode(), value.encode("latin-1")) for name, value in headers]
            await line.send({"type": "http.response.start", "status": status, "headers": fields})
        case steps.Send(data, tokens):
            await line.send({"type": "http.response.body", "body": data, "more_body": True})
            if tokens is not None:
                call.sent(tokens, line.passed_s())
        case steps.Silence():
            await asyncio.Event().wait()
