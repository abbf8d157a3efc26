"""The supervisor's end of a fork server: ask it for children, learn how they ended."""

import asyncio
import json
import os
import socket
from typing import Any

from wattos_cli.supervisor import process_table
from wattos_cli.supervisor.children import Child, Start
from wattos_cli.supervisor.fork_process import ForkServerProcess

_LARGEST_PACKET_BYTES = 1 << 20
_ANSWER_TIMEOUT_S = 30.0
_MIGRATE = "migrate"


class ForkServerGoneError(OSError):
    """The fork server ended, or cannot fork; the text says which."""


class ForkServer:
    """One living fork server: its children are replicas and migrations."""

    def __init__(self, process: ForkServerProcess, generation: int) -> None:
        self.generation = generation
        self.pid = process.pid
        self.retired = False
        self.has_forked = False
        self.preload_ms = 0.0
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._loaded = {name: self._loop.create_future() for name in (*process.services, _MIGRATE)}
        self._socket = process.socket
        self._socket.setblocking(False)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._children: dict[int, Child] = {}
        self._early_ends: dict[int, int] = {}
        self._next_id = 0
        self._loop.add_reader(self._socket.fileno(), self._read)

    async def spawn(self, start: Start) -> Child:
        """Return the new child as soon as its code is imported; OSError when the server cannot fork.

        ForkServerGoneError, an OSError, says that it never will again.
        """
        stage = _MIGRATE if start.program[0] == _MIGRATE else start.name
        await asyncio.shield(self._loaded.get(stage, self._ready))
        answer = await self._ask(
            {
                "op": "spawn",
                "name": start.name,
                "argv": start.program,
                "environ": dict(start.environ),
                "cwd": str(start.cwd),
                "log_file": str(start.log_file),
            },
            start.listener,
        )
        if "error" in answer:
            raise OSError(answer["error"])
        self.has_forked = True
        pid = int(answer["pid"])
        child = Child(pid, process_table.start_time(pid), self._loop.create_future(), self.generation)
        if pid in self._early_ends:
            child.exited.set_result(os.waitstatus_to_exitcode(self._early_ends.pop(pid)))
        else:
            self._children[pid] = child
        return child

    async def changed_files(self) -> list[str]:
        """Return preloaded files that are not what they were, at most ten."""
        return list((await self._ask({"op": "check"}, None))["changed"])

    def retire(self) -> None:
        """Take no new requests; leave as soon as the last child has left."""
        self.retired = True
        self._leave_if_idle()

    def close(self) -> None:
        """Close our end: the server kills its children and ends."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
        self._fail(ForkServerGoneError("the fork server was stopped"))

    async def _ask(self, request: dict[str, Any], listener: int | None) -> dict[str, Any]:
        self._next_id += 1
        number = self._next_id
        answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._answers[number] = answer
        packet = json.dumps({"id": number, **request}).encode()
        try:
            socket.send_fds(self._socket, [packet], [listener] if listener is not None else [])
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                return await answer
        except TimeoutError as error:
            raise ForkServerGoneError(
                f"the fork server did not answer within {_ANSWER_TIMEOUT_S:g} s"
            ) from error
        finally:
            self._answers.pop(number, None)

    def _read(self) -> None:
        try:
            packet = self._socket.recv(_LARGEST_PACKET_BYTES)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._fail(ForkServerGoneError("the fork server ended; see supervisor.log"))
            return
        self._take(json.loads(packet))

    def _take(self, message: dict[str, Any]) -> None:
        event = message.get("event")
        if event == "exit":
            self._ended(int(message["pid"]), int(message["status"]))
        elif event == "ready":
            self.preload_ms = float(message["preload_ms"])
            self._ready.set_result(None)
        elif event == "loaded":
            self._loaded[str(message["stage"])].set_result(None)
        elif event == "unsafe":
            self._fail(ForkServerGoneError(str(message["reason"])))
            self.retire()
        elif answer := self._answers.get(int(message["id"])):
            answer.set_result(message)

    def _ended(self, pid: int, status: int) -> None:
        child = self._children.pop(pid, None)
        if child is None:
            self._early_ends[pid] = status  # its spawn has not looked at the answer yet
            return
        if not child.exited.done():
            child.exited.set_result(os.waitstatus_to_exitcode(status))
        self._leave_if_idle()

    def _leave_if_idle(self) -> None:
        if self.retired and not self._children and not self._answers:
            self.close()

    def _fail(self, error: ForkServerGoneError) -> None:
        starting = [self._ready, *self._loaded.values()]
        waits: list[asyncio.Future[Any]] = [*starting, *self._answers.values()]
        for waiting in waits:
            if not waiting.done():
                waiting.set_exception(error)
        for waiting in starting:
            waiting.exception()  # marked as seen: nobody may be waiting for it
