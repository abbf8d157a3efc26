"""The head of an answer and its body in one system call."""

import asyncio

_STATUS_LINE = b"HTTP/1.1 "
# Beyond this a copy costs more than the call that it saves, and an answer without end is not kept in memory.
_MOST_JOINED = 64 * 1024


class JoinedWrites:
    """Writes to a transport; an answer is held until the loop's next turn, and leaves in one piece.

    uvicorn writes head and body apart and uvloop sends each at once: a second packet, a second time that who
    waits for the answer is woken.
    """

    __slots__ = ("_held", "_loop", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Write `data` after what is held; what begins an answer is held."""
        if self._held:
            if len(self._held) + len(data) > _MOST_JOINED:
                self._flush()
                self._transport.write(data)
            else:
                self._held += data
        elif data.startswith(_STATUS_LINE):
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def write_eof(self) -> None:
        """Write what is held, then end this direction."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Write what is held, then close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what is held is not written."""
        self._held = b""
        self._transport.abort()

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held:
            self._transport.write(held)
