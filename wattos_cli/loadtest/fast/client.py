"""The client of a journey in the fast engine: keeps its connections, measures by the arrival of bytes."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from wattos_cli.loadtest.driving.answers import NO_ANSWER, answered, cut_off
from wattos_cli.loadtest.driving.bodies import encoded
from wattos_cli.loadtest.driving.evidence import call_error, error_line, failure
from wattos_cli.loadtest.fast.connection import Connection, NoAnswerError
from wattos_cli.loadtest.fast.connector import Connector
from wattos_cli.loadtest.fast.stream import FastStream
from wattos_cli.loadtest.journey import Answer, Check
from wattos_cli.loadtest.measuring.collector import Observed

_KEPT = 2
_REPEATABLE = frozenset({"GET", "PUT", "DELETE", "OPTIONS"})
Record = Callable[[Observed], None]


class FastClient:
    """Implements Client.

    `owed_s` is how long the iteration that begins had to wait: its first request bears that.
    """

    def __init__(self, connector: Connector, token: str, record: Record) -> None:
        self._connector = connector
        self._head = connector.head(token)
        self._kept: list[Connection] = []
        self.record = record
        self.owed_s = 0.0

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        content_type: str = "",
        name: str = "",
        check: Check | None = None,
    ) -> Answer:
        """Send a request and return its answer, whatever its status."""
        began_s, label = self.began_s(), f"{method} {name or path}"
        try:
            answer, error, ended_s = await self._exchange(method, path, json, content, content_type)
        except asyncio.CancelledError:
            seen = cut_off(label, began_s, time.monotonic())
            if seen is not None:
                self.record(seen)
            raise
        self.record(answered(label, began_s, ended_s, answer, error or failure(answer, check)))
        return answer

    def stream(
        self, method: str, path: str, *, json: Any = None, name: str = ""
    ) -> AbstractAsyncContextManager[FastStream]:
        """Send a request whose answer is read as it comes."""
        return FastStream(self, method, path, json, f"{method} {name or path}")

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        content_type: str = "",
    ) -> Any:
        """Send a request that is not measured and return its JSON, if any; CallError if it fails."""
        answer, error, _ = await self._exchange(method, path, json, content, content_type)
        if error or failure(answer, None):
            raise call_error(method, path, answer, error)
        return answer.json() if answer.body else None

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
