"""One parser process per service process: started on first use, killed when late, gone when idle."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

import msgspec

from wattos_platform.kernel.personal_data import Kind
from wattos_platform.services.rag.adapters.parsing.child import LENGTH, Answer, Order
from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.prepared import Prepared
from wattos_platform.services.rag.ports import DocumentRefusedError

_MODULE = "wattos_platform.services.rag.adapters.parsing.start"
_DEVNULL = asyncio.subprocess.DEVNULL


class ParserBugError(DocumentRefusedError):
    """A parser failed in a way it should not; `detail` is for the log."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.detail = detail


class ParserProcess:
    """A Preparer in a process of its own; one document at a time.

    A document that takes longer than `timeout_s` or kills the process is refused with that reason.
    """

    def __init__(self, *, timeout_s: float = 30.0, idle_s: float = 20.0) -> None:
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._retire: asyncio.TimerHandle | None = None

    async def prepare(self, path: Path, media: str, chunking: Chunking, redact: Sequence[Kind]) -> Prepared:
        """See Preparer; a ParserBugError is a DocumentRefusedError with something for the log."""
        async with self._turn:
            if self._retire is not None:
                self._retire.cancel()
            try:
                async with asyncio.timeout(self._timeout_s):
                    got = await self._ask(Order(str(path), media, chunking, list(redact)))
            except TimeoutError:
                await self._kill()
                raise DocumentRefusedError(
                    f"reading the document took longer than {self._timeout_s:g} s"
                ) from None
            except (asyncio.IncompleteReadError, ConnectionError):
                code = await self._kill()
                raise ParserBugError(
                    "the document made the parser fail", f"parser process ended, code {code}"
                ) from None
            except BaseException:
                await self._kill()  # cancelled half-way: its answer would be taken for the next document's
                raise
            self._retire = asyncio.get_running_loop().call_later(self._idle_s, self._end)
        if got.prepared is not None:
            return got.prepared
        if got.bug:
            raise ParserBugError(got.reason, got.bug)
        raise DocumentRefusedError(got.reason)

    async def close(self) -> None:
        """End the process."""
        if self._retire is not None:
            self._retire.cancel()
        await self._kill()

    async def _ask(self, order: Order) -> Answer:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await _start()
        assert process.stdin is not None  # noqa: S101 - it was asked for
        assert process.stdout is not None  # noqa: S101 - same
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        await process.stdin.drain()
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        body = await process.stdout.readexactly(length)
        # Twenty megabytes decode in tens of milliseconds: not on the loop.
        return await asyncio.to_thread(msgspec.msgpack.decode, body, type=Answer)

    def _end(self) -> None:
        """Close an idle process's stdin, which ends it; its memory is worth more than its warmth."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def _kill(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            process.kill()
        return await process.wait()


async def _start() -> Process:
    # The child must find the code wherever the parent found it: checkout, wheel or fork server.
    environment = {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry), "LC_ALL": "C.UTF-8"}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", _MODULE, str(os.getpid())),
        stdin=PIPE,
        stdout=PIPE,
        stderr=_DEVNULL,
        env=environment,
    )
