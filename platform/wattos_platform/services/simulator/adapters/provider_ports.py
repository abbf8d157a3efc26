"""Ports of single providers beside the simulator's own, which can really refuse connections."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from uvicorn.server import ServerState

from wattos_platform.kernel.background import restarting
from wattos_platform.kernel.http_protocol import HttpProtocol
from wattos_platform.kernel.serve import BACKLOG, server_config
from wattos_platform.kernel.service import ServiceApp
from wattos_platform.kernel.telemetry import Log
from wattos_platform.services.simulator.ports import ProviderPort

MOST_PORTS = 20
_LATER_S = 0.01


@dataclass(slots=True)
class _Entry:
    provider: str
    guard: socket.socket
    state: ServerState = field(default_factory=ServerState)
    server: asyncio.Server | None = None


class TcpProviderPorts:
    """Serves the simulator's app at further ports of `host`.

    `refused_for` gives the seconds for which a provider still refuses connections, 0 if it does not. A socket
    that is bound but never listens keeps the number of each port meanwhile, so that nobody else gets it.
    """

    def __init__(self, host: str, refused_for: Callable[[str], float], log: Log) -> None:
        self._host = host
        self._refused_for = refused_for
        self._log = log
        self._entries: dict[int, _Entry] = {}
        self._config: uvicorn.Config | None = None
        self._changing = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._obeying: asyncio.Task[None] | None = None

    def serve(self, app: ServiceApp) -> None:
        """Say whose app answers at the ports."""
        self._config = server_config(app)

    async def add(self, provider: str, port: int, /) -> ProviderPort:
        """Open a port, a free one for 0; OSError if it is taken, OverflowError above 20."""
        async with self._changing:
            if len(self._entries) >= MOST_PORTS:
                raise OverflowError(f"{MOST_PORTS} ports are open already")
            guard = _bound(self._host, port)
            port = int(guard.getsockname()[1])
            self._entries[port] = _Entry(provider, guard)
            try:
                await self._adjust()
            except OSError:
                self._entries.pop(port).guard.close()
                raise
        return self._provider_port(port)

    async def remove(self, port: int, /) -> bool:
        """Close a port for good; False if there is none."""
        async with self._changing:
            entry = self._entries.pop(port, None)
            if entry is None:
                return False
            await _close(entry)
            entry.guard.close()
            return True

    def all(self) -> Sequence[ProviderPort]:
        """Return all ports."""
        return [self._provider_port(port) for port in self._entries]

    def provider_at(self, port: int, /) -> str | None:
        """Return whose port this is, None for the simulator's own."""
        entry = self._entries.get(port)
        return entry.provider if entry else None

    async def obey(self) -> None:
        """Close the listeners of the providers that refuse connections now, open those of all others."""
        async with self._changing:
            await self._adjust()

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Close all ports at the end of the service's life."""
        try:
            yield
        finally:
            for port in list(self._entries):
                await self.remove(port)
            if self._timer is not None:
                self._timer.cancel()
            if self._obeying is not None:
                self._obeying.cancel()
                await asyncio.wait({self._obeying})

    async def _adjust(self) -> None:
        refusing = []
        for port, entry in self._entries.items():
            left_s = self._refused_for(entry.provider)
            if left_s > 0:
                refusing.append(left_s)
                await _close(entry)
            elif entry.server is None:
                entry.server = await self._listen(port, entry.state)
        if self._timer is not None:
            self._timer.cancel()
        if refusing:
            # A fault ends by itself: then the port has to open without being told.
            self._timer = asyncio.get_running_loop().call_later(min(refusing) + _LATER_S, self._obey_later)

    def _obey_later(self) -> None:
        if self._obeying is None or self._obeying.done():
            self._obeying = asyncio.create_task(restarting(self.obey, "provider-ports", self._log))

    async def _listen(self, port: int, state: ServerState) -> asyncio.Server:
        config = self._config
        if config is None:
            raise RuntimeError("serve() was not called")
        listener = _bound(self._host, port)
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: HttpProtocol(config, state, {}), sock=listener, backlog=BACKLOG
        )

    def _provider_port(self, port: int) -> ProviderPort:
        entry = self._entries[port]
        return ProviderPort(entry.provider, self._host, port, open=entry.server is not None)


async def _close(entry: _Entry) -> None:
    """Close listener and connections of a port; its guard keeps the number."""
    if entry.server is None:
        return
    entry.server.close()
    for connection in list(entry.state.connections):
        connection.transport.abort()
    await entry.server.wait_closed()
    entry.server = None


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Lets guard and listener have the same number: only one of the two ever listens.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound
