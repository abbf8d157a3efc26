"""A server that answers byte for byte what a test wants, request by request."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from ssl import SSLContext

Script = bytes | Callable[[StreamReader, StreamWriter], Awaitable[None]]


class ScriptedServer:
    """Answers the n-th request of a connection with the n-th script; keeps what it saw."""

    server: asyncio.Server

    def __init__(self, *scripts: Script, close_after: int | None = None) -> None:
        self.scripts = scripts
        self.close_after = close_after
        self.connections = 0
        self.requests: list[bytes] = []
        self.closed = asyncio.Event()

    async def start(self, ssl: SSLContext | None = None) -> int:
        """Return the port on which it answers."""
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=ssl)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one connection."""
        self.connections += 1
        try:
            for number in range(1000):
                self.requests.append(await _request(reader))
                script = self.scripts[min(number, len(self.scripts) - 1)]
                if callable(script):
                    await script(reader, writer)
                else:
                    writer.write(script)
                await writer.drain()
                if number + 1 == self.close_after:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.closed.set()
            writer.close()

    async def stop(self) -> None:
        """Answer nobody any more."""
        self.server.close()


async def _request(reader: StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length")), 0)
    return head + await reader.readexactly(length)
