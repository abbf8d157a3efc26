"""The client of a journey in the fast engine: keeps its connections, measures by the arrival of bytes."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from wattos_cli.loadtest.driving.answers import NO_ANSWER
from wattos_cli.loadtest.driving.bodies import encoded
from wattos_cli.loadtest.driving.client import MeasuringClient
from wattos_cli.loadtest.driving.evidence import error_line
from wattos_cli.loadtest.fast.connection import Connection, NoAnswerError
from wattos_cli.loadtest.fast.connector import Connector
from wattos_cli.loadtest.fast.stream import FastStream
from wattos_cli.loadtest.journey import Answer
from wattos_cli.loadtest.measuring.collector import Observed

_KEPT = 2
_REPEATABLE = frozenset({"GET", "PUT", "DELETE", "OPTIONS"})
Record = Callable[[Observed], None]


class FastClient(MeasuringClient):
    """Implements Client.

    `record` is told of each measured request. `owed_s` is how long the iteration that begins had to wait: its
    first request bears that.
    """

    cut_off_by = asyncio.CancelledError

    def __init__(self, connector: Connector, token: str, record: Record) -> None:
        self._connector = connector
        self._head = connector.head(token)
        self._kept: list[Connection] = []
        self._record = record
        self.owed_s = 0.0

    def stream(
        self, method: str, path: str, *, json: Any = None, name: str = ""
    ) -> AbstractAsyncContextManager[FastStream]:
        """Send a request whose answer is read as it comes."""
        return FastStream(self, method, path, json, f"{method} {name or path}")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Close the connections."""
        for connection in self._kept:
            connection.abort()
        self._kept.clear()

    def began_s(self) -> float:
        """Return when the request that is sent now should have begun."""
        owed_s, self.owed_s = self.owed_s, 0.0
        return time.monotonic() - owed_s

    def record(self, seen: Observed) -> None:
        """Tell of a request that ended."""
        self._record(seen)

    def keep(self, connection: Connection) -> None:
        """Take a connection back whose answer was read to its end."""
        if connection.usable and len(self._kept) < _KEPT:
            self._kept.append(connection)
        else:
            connection.abort()

    async def ask(
        self, method: str, path: str, json: Any, content: bytes | None = None, kind: str = "", *, stream: bool
    ) -> Connection:
        """Send a request and return its connection once the answer, of a stream its head, is there.

        NoAnswerError. A kept connection that the target closed meanwhile is no failure of the target: what
        may be repeated is asked again, on a new one.
        """
        body, kind = encoded(json, content, kind)
        try:
            request = self._connector.request(method, path, self._head, body, kind)
        except ValueError as error:
            await asyncio.sleep(0)
            raise NoAnswerError(error_line(error)) from None
        while True:
            connection = self._take()
            fresh = connection is None
            if connection is None:
                connection = await self._connector.connect()
            try:
                await (connection.ask_stream(request) if stream else connection.ask(request))
            except NoAnswerError as error:
                if fresh or not error.untouched or method not in _REPEATABLE:
                    raise
            except BaseException:
                connection.abort()  # its answer would be taken for the next
                raise
            else:
                return connection

    def _take(self) -> Connection | None:
        while self._kept:
            connection = self._kept.pop()
            if connection.usable:
                return connection
        return None

    async def _exchange(
        self, method: str, path: str, json: Any, content: bytes | None, kind: str
    ) -> tuple[Answer, str, float]:
        """Return the answer, why there is none, and when it was there."""
        try:
            connection = await self.ask(method, path, json, content, kind, stream=False)
        except NoAnswerError as error:
            return NO_ANSWER, str(error), time.monotonic()
        answer = Answer(connection.status, connection.headers, connection.body)
        ended_s = connection.ended_s
        self.keep(connection)
        return answer, "", ended_s
