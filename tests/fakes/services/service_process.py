"""A service as a real process on a real socket, and a sibling that answers from the test's own loop."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.fakes.kernel.runtime import IDENTITY_KEY, identity_headers

ROOT = Path(__file__).resolve().parents[3]
Answer = Callable[[str, bytes, asyncio.StreamWriter], Awaitable[None]]


class ServiceProcess:
    """`serve NAME`; the listening socket outlives the process, as under the supervisor."""

    def __init__(self, name: str, folder: Path, urls: Mapping[str, str]) -> None:
        self.name = name
        self._folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        key = folder / "identity.key"
        key.write_bytes(IDENTITY_KEY)
        self._environ = {
            **os.environ,
            "WATTOS_DRAIN_S": "1",
            **urls,
            "PYTHONPATH": f"{ROOT / 'platform'}",
            "WATTOS_DATA_DIR": str(folder),
            "WATTOS_RUN_DIR": str(folder),
            "WATTOS_IDENTITY_KEY_FILE": str(key),
            "WATTOS_HTTP_FD": str(self._listener.fileno()),
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        await self._program("migrate")
        self.process = await self._spawn("serve")
        async with self.client() as client:
            for _ in range(600):
                try:
                    if (await client.get("/health/liveness")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                assert self.process.returncode is None, (self._folder / "log").read_text()
                await asyncio.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text())

    async def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 30)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            headers=identity_headers(self.name),
            timeout=20,
            verify=False,
        )

    async def close(self) -> None:
        if self.process is not None and self.process.returncode is None:
            await self.end(signal.SIGKILL)
        self._listener.close()

    async def _program(self, program: str) -> None:
        done = await (await self._spawn(program)).wait()
        assert done == 0, (self._folder / "log").read_text()

    async def _spawn(self, program: str) -> asyncio.subprocess.Process:
        with (self._folder / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "wattos_platform", program, self.name),
                env=self._environ,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                pass_fds=(self._listener.fileno(),),
            )


@asynccontextmanager
async def service_process(name: str, folder: Path, urls: Mapping[str, str]) -> AsyncIterator[ServiceProcess]:
    service = ServiceProcess(name, folder, urls)
    try:
        await service.start()
        yield service
    finally:
        await service.close()


@asynccontextmanager
async def sibling(answer: Answer) -> AsyncIterator[str]:
    """Serve HTTP/1.1, one request a connection; `answer(path, body, writer)` writes the whole response."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lengths = [
                line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length")
            ]
            body = await reader.readexactly(int(lengths[0])) if lengths else b""
            await answer(head.split(" ")[1], body, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller left, or the test is over
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def respond(writer: asyncio.StreamWriter, body: bytes, kind: str = "application/json") -> None:
    """Write a whole response that ends with the connection."""
    begin(writer, kind)
    writer.write(body)


def begin(writer: asyncio.StreamWriter, kind: str) -> None:
    """Write the head of a response that ends with the connection."""
    writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n".encode())
