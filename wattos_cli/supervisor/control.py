"""The supervisor's side of the control socket."""

import asyncio
import json
import os
import socket
import sys
import traceback
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any, Protocol

from wattos_cli import __version__
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import journal, protocol

# Changes that a client has not read yet; a client that is further behind is cut off.
_BACKLOG = 1000


class Operations(Protocol):
    """What the operations of the socket do."""

    def rows(self) -> dict[str, Any]:
        """Return the rows of all replicas and the timings so far."""
        ...

    async def perform(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an operation and return its result; WattosError when it cannot be done."""
        ...

    def detached(self) -> None:
        """Take note that the client which asked to be the platform's life has gone."""
        ...


class ControlServer:
    """Serves any number of clients, each one operation and then the changes."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._followers: set[asyncio.Queue[dict[str, Any] | None]] = set()
        self._server: asyncio.Server | None = None
        self._first: asyncio.Task[None] | None = None

    async def listen(self, path: Path) -> None:
        """Serve at `path` (0600), replacing a socket that a killed supervisor left there."""
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before anybody is served
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, str(path), limit=protocol.LINE_LIMIT_BYTES
            )
        finally:
            os.umask(before)

    async def serve_inherited(self, descriptor: int) -> None:
        """Serve the client that started us, on the socket it handed over."""
        inherited = socket.socket(fileno=descriptor)
        inherited.set_inheritable(False)
        reader, writer = await asyncio.open_connection(sock=inherited, limit=protocol.LINE_LIMIT_BYTES)
        self._first = asyncio.create_task(self._serve(reader, writer))

    def publish(self, row: dict[str, Any]) -> None:
        """Tell everyone who follows that a replica has changed."""
        for queue in list(self._followers):
            try:
                queue.put_nowait({"row": row})
            except asyncio.QueueFull:
                self._followers.discard(queue)

    async def close(self) -> None:
        """Stop listening; clients that are being served get their last lines."""
        if self._server is not None:
            self._server.close()
        for queue in list(self._followers):
            queue.put_nowait(None)
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _foreign(writer):
                return
            await _send(writer, _hello())
            line = await reader.readline()
            if line:
                await self._answer(json.loads(line), reader, writer)
        except ConnectionError:
            return  # the command ended, by Ctrl-C perhaps; what it started goes on
        except ValueError as error:
            journal.write("control.refused", f"a client spoke another language: {error}", level="warning")
        finally:
            writer.close()

    async def _answer(
        self, request: Mapping[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        operation = str(request.get("op"))
        if request.get("protocol") != protocol.PROTOCOL and operation not in protocol.ANY_VERSION:
            await _send(writer, {"error": protocol.error_to_json(_other_version())})
            return
        if operation == "status":
            await _send(writer, {"result": self._operations.rows()})
            return
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_BACKLOG)
        self._followers.add(queue)
        try:
            if operation == "attach":
                await _send(writer, {"result": {}})
            else:
                await self._perform(operation, request, writer)
            rows = self._operations.rows()
            _forget_changes(queue)
            await _send(writer, rows)
            await _until_first(self._follow(queue, writer), reader.read())
        finally:
            self._followers.discard(queue)
            if operation == "attach":
                self._operations.detached()

    async def _perform(
        self, operation: str, request: Mapping[str, Any], writer: asyncio.StreamWriter
    ) -> None:
        try:
            result = await self._operations.perform(operation, request)
        except WattosError as error:
            await _send(writer, {"error": protocol.error_to_json(error)})
        except Exception as error:  # noqa: BLE001 - the supervisor goes on, and whoever asked learns of it
            failed = _failed(operation, error)
            journal.write(
                "operation.failed", failed.message, level="error", traceback=traceback.format_exception(error)
            )
            await _send(writer, {"error": protocol.error_to_json(failed)})
        else:
            await _send(writer, {"result": result})

    async def _follow(
        self, queue: "asyncio.Queue[dict[str, Any] | None]", writer: asyncio.StreamWriter
    ) -> None:
        while (change := await queue.get()) is not None:
            await _send(writer, change)


def _forget_changes(queue: "asyncio.Queue[dict[str, Any] | None]") -> None:
    """Drop the changes that wait in `queue`, but not its end: the rows of this moment are newer than they."""
    ended = False
    while not queue.empty():
        ended = queue.get_nowait() is None or ended
    if ended:
        queue.put_nowait(None)


async def _until_first(*works: Awaitable[object]) -> None:
    """Run `works` until one of them ends, and drop the others; what one fails with is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _send(writer: asyncio.StreamWriter, message: Mapping[str, Any]) -> None:
    writer.write(json.dumps(message, default=str).encode() + b"\n")
    await writer.drain()


def _hello() -> dict[str, Any]:
    return {"protocol": protocol.PROTOCOL, "version": __version__, "pid": os.getpid()}


def _failed(operation: str, error: Exception) -> WattosError:
    """Return the error of an operation that broke off: of the machine (exit 1), or by a bug of ours (70)."""
    begun = f"the supervisor could not carry out {operation}"
    if not isinstance(error, OSError):
        return WattosError(
            f"{begun}, by a bug in wattos: {type(error).__name__}",
            hint="report it with what stands in: wattos logs supervisor --level error -o json",
            code="internal_error",
            exit_code=ExitCode.INTERNAL,
        )
    place = f"{error.filename}: " if error.filename is not None else ""
    return WattosError(
        f"{begun}: {place}{error.strerror or error}",
        hint="what runs goes on. Find what is wrong with this machine: wattos doctor   Then type it again",
        code="os_error",
        details={"errno": error.errno, "path": error.filename},
    )


def _foreign(writer: asyncio.StreamWriter) -> bool:
    """Return whether the client runs as another user (root aside)."""
    if not hasattr(socket, "SO_PEERCRED"):
        return False
    client = writer.get_extra_info("socket")
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[4:8], sys.byteorder) not in {os.getuid(), 0}


def _other_version() -> WattosError:
    return WattosError(
        f"the running platform was started by another version of wattos ({__version__})",
        hint="restart it with: wattos up --recreate",
        code="protocol_mismatch",
        exit_code=ExitCode.NO,
    )
