"""A streamed answer in the fast engine, read line by line; each line is as old as its last byte."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Self

from wattos_cli.loadtest.collector import Observed
from wattos_cli.loadtest.evidence import CUT_OFF, GRACE_S, failure, said, trace_id
from wattos_cli.loadtest.fast.connection import Connection, NoAnswerError
from wattos_cli.loadtest.journey import Answer
from wattos_cli.loadtest.streaming import Tokens

if TYPE_CHECKING:
    from wattos_cli.loadtest.fast.client import FastClient

_MS = 1000.0
_MOST_LINE_BYTES = 8 * 1024 * 1024


class FastStream:
    """Implements Stream, as the block that reads it."""

    def __init__(self, client: "FastClient", method: str, path: str, json: Any, label: str) -> None:
        self._client = client
        self._request = (method, path, json)
        self._label = label
        self._connection: Connection | None = None
        self._line_s = 0.0
        self._error = ""
        self._usd: float | None = None
        self.status = 0

    async def __aenter__(self) -> Self:
        """Send the request and wait for the head of its answer."""
        self._tokens = Tokens(self._client.began_s())
        try:
            self._connection = await self._client.ask(*self._request, stream=True)
        except NoAnswerError as error:
            self._error = str(error)
        except asyncio.CancelledError:
            self._cut_off(time.monotonic())
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
            self._cut_off(ended_s)
            return
        if error is not None:
            self.fail(said(error))
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

    def token(self, count: int = 1) -> None:
        """Note that the line that was yielded last brought so many tokens."""
        self._tokens.came(count, self._line_s)

    def cost(self, usd: float) -> None:
        """Note what the stream cost."""
        self._usd = usd

    def fail(self, reason: str) -> None:
        """Note that the answer is a failure; the first reason stays."""
        self._error = self._error or reason

    def _cut_off(self, ended_s: float) -> None:
        if ended_s - self._tokens.began_s >= GRACE_S:
            self.fail(CUT_OFF)
            self._record(ended_s)

    def _record(self, ended_s: float) -> None:
        tokens = self._tokens
        self._client.record(
            Observed(
                name=self._label,
                began_s=tokens.began_s,
                latency_ms=(ended_s - tokens.began_s) * _MS,
                status=self.status,
                error=self._error,
                ttft_ms=tokens.ttft_ms,
                itl_ms=tokens.itl_ms,
                tokens=tokens.count,
                usd=self._usd,
                trace_id=trace_id(self._connection.headers) if self._connection else "",
            )
        )
