"""A refused body is read to its end before the answer, and not a moment longer."""

from collections.abc import Sequence
from math import inf
from typing import Any

import pytest

from wattos_platform.kernel.context import RequestContext
from wattos_platform.kernel.error_shapes import OPENAI
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.exchange import Exchange

PIECE = {"type": "http.request", "body": b"x" * 60, "more_body": True}
LAST = {"type": "http.request", "body": b"x", "more_body": False}


class Connection:
    """Gives `messages` one by one and nothing after them; keeps what is sent."""

    def __init__(self, messages: Sequence[dict[str, Any]]) -> None:
        self.left = list(messages)
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        assert self.left, "the caller would be waited for, who waits for the answer"
        return self.left.pop(0)

    async def send(self, message: Any) -> None:
        self.sent.append(message)


@pytest.mark.parametrize(
    ("messages", "read"),
    [
        pytest.param([LAST], 1, id="read-whole"),
        pytest.param([PIECE, LAST], 2, id="read-whole-in-pieces"),
        pytest.param([PIECE, PIECE, LAST], 1, id="refused-midway"),
    ],
)
async def test_what_is_left_of_a_refused_body_is_read_and_nothing_more(messages: Any, read: int) -> None:
    connection = Connection(messages)
    scope: Any = {"type": "http", "method": "POST", "path": "/v1/chat/completions"}
    context = RequestContext("r", "t", "s", inf)
    exchange = Exchange(
        scope, connection.receive, connection.send, context=context, limit_bytes=100, shape=OPENAI
    )
    for _ in range(read):
        await exchange.receive()
    await exchange.fail(ServiceError(413, "too_large", "Too large."), 0.0)
    assert connection.left == []
    assert [message.get("status") for message in connection.sent] == [413, None]
