"""A real server around a service's app, on free sockets of this machine, for as long as the block lasts."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.fakes.kernel.runtime import OPERATOR_TOKEN
from wattos_platform.kernel.serve import Server, server_config
from wattos_platform.kernel.service import ServiceApp


@dataclass
class Served:
    """A running service: `public` talks to its port, `ops` to its operations socket as the operator."""

    app: ServiceApp
    server: Server
    url: str
    public: httpx.AsyncClient
    ops: httpx.AsyncClient
    task: asyncio.Task[None]


@asynccontextmanager
async def served(
    app: ServiceApp, tmp_path: Path, *, drain_s: float = 5.0, port: int = 0
) -> AsyncIterator[Served]:
    """Serve `app` with the very Server that the platform uses."""
    tcp = socket.create_server(("127.0.0.1", port))
    path = tmp_path / "ops.sock"
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(path))
    unix.listen()
    server = Server(server_config(app), app, drain_s)
    task = asyncio.create_task(server.serve(sockets=[tcp, unix]))
    url = f"http://127.0.0.1:{tcp.getsockname()[1]}"
    # Without TLS: to read the certificates of all authorities takes longer than most tests.
    transport = httpx.AsyncHTTPTransport(uds=str(path), verify=False)
    headers = {"authorization": f"Bearer {OPERATOR_TOKEN}"}
    async with (
        httpx.AsyncClient(base_url=url, timeout=10, verify=False) as public,
        httpx.AsyncClient(base_url="http://ops", transport=transport, headers=headers, timeout=10) as ops,
    ):
        while not server.started:
            if task.done():
                task.result()
                raise RuntimeError("the service ended before it was ready")
            await asyncio.sleep(0.005)
        try:
            yield Served(app, server, url, public, ops, task)
        finally:
            server.stop()
            await asyncio.wait_for(task, 15)
