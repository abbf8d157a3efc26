"""What a piece of work asks of the event loop: connections, and sleep."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

_counting: ContextVar["Steps | None"] = ContextVar("counting", default=None)


@dataclass
class Steps:
    """How often it slept, and how often it opened a connection."""

    sleeps: int = 0
    connections: int = 0


@contextmanager
def counted_steps() -> Iterator[Steps]:
    """Count what the block does, and the tasks that it starts; what else runs is not counted."""
    loop: Any = asyncio.get_running_loop()
    call_at, create_connection = loop.call_at, loop.create_connection
    steps = Steps()

    def timer(when: float, callback: Any, *arguments: Any, **named: Any) -> Any:
        # What asyncio.sleep ends with; all other timers bound the wait for something.
        if _counting.get() is steps and callback is asyncio.futures._set_result_unless_cancelled:
            steps.sleeps += 1
        return call_at(when, callback, *arguments, **named)

    def connection(*arguments: Any, **named: Any) -> Any:
        if _counting.get() is steps:
            steps.connections += 1
        return create_connection(*arguments, **named)

    loop.call_at, loop.create_connection = timer, connection
    token = _counting.set(steps)
    try:
        yield steps
    finally:
        _counting.reset(token)
        del loop.call_at, loop.create_connection
