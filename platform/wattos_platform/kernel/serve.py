"""Running one service: its two listeners, its signals, its drain."""

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path

import uvicorn

from wattos_platform.kernel.connection_cap import capped
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp

BACKLOG = 2048
CANCEL_AFTER_S = 1
KEEP_ALIVE_S = 75
# uvicorn counts tenths of a second and renews the date header with every tenth of them.
TICKS_PER_S = 10


class Server(uvicorn.Server):
    """uvicorn with the platform's way to end: readiness first, then the public listener, then what runs.

    uvicorn closes every listener at once; here the operations listener answers until the end, so that
    whoever watches sees `not ready` and not a dead socket.
    """

    def __init__(self, config: uvicorn.Config, app: ServiceApp, drain_s: float) -> None:
        super().__init__(config)
        self._service = app
        self._drain_s = drain_s
        self._forced = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin to drain; a second call ends at once."""
        if self.should_exit:
            self.force_exit = True
            self._forced.set()
        self._service.runtime.health.draining = True
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Return as soon as `stop` is called; uvicorn itself looks only ten times a second."""
        tick = 0
        while not await self.on_tick(tick):
            tick += TICKS_PER_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `stop`; signals are the loop's, so the process ends with code 0 after a drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        log_file = self._service.runtime.settings.log_file
        if log_file is not None:
            loop.add_signal_handler(signal.SIGHUP, reopen_log, log_file)
        await self._serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the public listener, let running requests finish within the drain time, then end."""
        self.servers[0].close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        waits = [asyncio.create_task(self._service.idle()), asyncio.create_task(self._forced.wait())]
        await asyncio.wait(waits, timeout=self._drain_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await super().shutdown(sockets)


async def serve(app: ServiceApp) -> None:
    """Serve `app` on the sockets its settings name, until SIGTERM."""
    server = Server(server_config(app), app, app.runtime.settings.drain_s)
    await server.serve(sockets=listeners(app.runtime))


def server_config(app: ServiceApp) -> uvicorn.Config:
    """Return how every service of ours is served."""
    settings = app.runtime.settings
    turned_away = app.runtime.metrics.tally("http_connections_refused_total")
    return uvicorn.Config(
        app,
        interface="asgi3",
        http=capped(settings.max_connections, settings.ops_port, turned_away),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=CANCEL_AFTER_S,
    )


def listeners(runtime: Runtime) -> list[socket.socket]:
    """Return the listening sockets: the service's port first, then the operations listener if one is set."""
    settings = runtime.settings
    if settings.http_fd is not None:
        public = socket.socket(fileno=settings.http_fd)
    else:
        public = _tcp(settings.host, settings.port or runtime.service.port)
    sockets = [public]
    if settings.ops_socket is not None:
        sockets.append(_unix(settings.ops_socket))
    elif settings.ops_port is not None:
        sockets.append(_tcp(settings.host, settings.ops_port))
    for each in sockets:
        each.setblocking(False)
    return sockets


def reopen_log(path: Path) -> None:
    """Point descriptors 1 and 2 at `path` again, after the supervisor has renamed the file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


def _unix(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    return listener
