"""The supervisor's side: at most two processes that evaluate, started when they are needed."""

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from wattos_cli.durations import duration_s
from wattos_cli.metricstore.api.replies import Reply, error
from wattos_cli.supervisor import journal
from wattos_cli.supervisor.children import Child
from wattos_cli.supervisor.queries import frames

TIMEOUT_S = 30.0
_MOST_WORKERS = 2
_MOST_WAITING = 64

# Starts the process with the socket, whose number it is given, and returns its handle.
Spawn = Callable[[int], Awaitable[Child]]


class _Worker:
    """One process and the connection to it."""

    def __init__(self, child: Child, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._child = child
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes) -> Reply:
        """Return its answer; ConnectionError or IncompleteReadError when it has ended."""
        self._writer.write(request)
        await self._writer.drain()
        status, size = frames.head_of_answer(await self._reader.readexactly(frames.ANSWER.size))
        return Reply(status, await self._reader.readexactly(size))

    def end(self) -> None:
        """Kill it, whatever it does."""
        import signal

        self._child.signal(signal.SIGKILL)
        self._writer.close()


class Queries:
    """Answers requests to Prometheus' API; all methods run on the supervisor's loop."""

    def __init__(self, spawn: Spawn, *, timeout_s: float = TIMEOUT_S) -> None:
        self._spawn = spawn
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(_MOST_WORKERS)
        self._idle: list[_Worker] = []
        self._waiting = 0

    async def answer(self, path: str, parameters: frames.Parameters) -> Reply:
        """Return the answer; one that says why when it takes too long or too many wait.

        The parameter `timeout` shortens the time that a query may take.
        """
        try:
            timeout_s = min(self._timeout_s, _wanted_s(parameters))
        except ValueError as mistake:
            return error(HTTPStatus.BAD_REQUEST, "bad_data", f'invalid parameter "timeout": {mistake}')
        if self._waiting >= _MOST_WAITING:
            message = f"{_MOST_WAITING} queries are waiting already: ask again later"
            return error(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", message)
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout_s), self._places:
                return await self._asked(frames.request(path, parameters))
        except TimeoutError:
            message = f"the query was not answered within {timeout_s:g} s"
            return error(HTTPStatus.SERVICE_UNAVAILABLE, "timeout", message)
        except OSError as failure:
            message = f"no process for queries can be started: {failure.strerror}"
            journal.write("query.failed", message, level="error")
            return error(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", message)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End all processes."""
        while self._idle:
            self._idle.pop().end()

    async def _asked(self, request: bytes) -> Reply:
        """Ask an idle process, or a new one when there is none or it has ended meanwhile."""
        while True:
            fresh = not self._idle
            worker = await self._hired() if fresh else self._idle.pop()
            try:
                reply = await worker.ask(request)
            except (ConnectionError, asyncio.IncompleteReadError):
                worker.end()
                if fresh:
                    return error(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "the query ended its process")
            except asyncio.CancelledError:
                worker.end()
                raise
            else:
                self._idle.append(worker)
                return reply

    async def _hired(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                child = await self._spawn(theirs.fileno())
            except BaseException:
                ours.close()
                raise
        reader, writer = await asyncio.open_connection(sock=ours)
        return _Worker(child, reader, writer)


def _wanted_s(parameters: frames.Parameters) -> float:
    """Return the `timeout` of a request, seconds or a duration; ValueError when it is none."""
    text = (parameters.get("timeout") or ("",))[0]
    if not text:
        return math.inf
    try:
        wanted_s = float(text)
    except ValueError:
        wanted_s = duration_s(text)
    if not wanted_s > 0:
        raise ValueError(f"expected a duration above 0, got {text!r}")
    return wanted_s
