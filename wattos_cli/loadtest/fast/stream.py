"""A streamed answer in the fast engine, read line by line; each line is as old as its last byte."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Self

from wattos_cli.loadtest.driving.evidence import error_line, failure
from wattos_cli.loadtest.driving.streaming import NotedStream
from wattos_cli.loadtest.fast.connection import Connection, NoAnswerError
from wattos_cli.loadtest.journey import Answer

if TYPE_CHECKING:
    from wattos_cli.loadtest.fast.client import FastClient

_MOST_LINE_BYTES = 8 * 1024 * 1024


class FastStream(NotedStream):
    """Implements Stream, as the block that reads it."""

    def __init__(self, client: "FastClient", method: str, path: str, json: Any, label: str) -> None:
        super().__init__(label)
        self._client = client
        self._request = (method, path, json)
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        """Send the request and wait for the head of its answer."""
        self._begin(self._client.began_s())
        try:
            self._connection = await self._client.ask(*self._request, stream=True)
        except NoAnswerError as error:
            self._error = str(error)
        except asyncio.CancelledError:
            ended_s = time.monotonic()
            if self._counts_cut_off(ended_s):
                self._record(ended_s)
            raise
        else:
            self.status = self._connection.status
            self._error = failure(Answer(self.status, {}, b""), None)
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        """Record how it went; what the block did not read is thrown away with the connection."""
        connection = self._connection
        ended_s = time.monotonic()
        if connection is not None and connection.whole:
            ended_s = connection.ended_s
            self._client.keep(connection)
        elif connection is not None:
            connection.abort()
        if isinstance(error, asyncio.CancelledError):
            if not self._counts_cut_off(ended_s):
                return
        elif error is not None:
            self.fail(error_line(error))
        self._record(ended_s)

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the lines of the body without their ends, as they arrive."""
        rest = b""
        while self._connection is not None:
            try:
                piece = await self._connection.chunk()
            except NoAnswerError as error:
                self.fail(f"the stream broke off: {error}")
                return
            if piece is None:
                break
            self._line_s, data = piece
            *whole, rest = (rest + data).split(b"\n")
            if len(rest) > _MOST_LINE_BYTES:
                self.fail(f"a line of more than {_MOST_LINE_BYTES} bytes")
                return
            for line in whole:
                yield line.rstrip(b"\r")
        if rest:
            yield rest

    def _record(self, ended_s: float) -> None:
        headers = self._connection.headers if self._connection else {}
        self._client.record(self._observed(ended_s, headers))
