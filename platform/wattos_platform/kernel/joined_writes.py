"""The head of an answer and what follows it in one system call."""

import asyncio

_STATUS_LINE = b"HTTP/1.1 "
# Beyond this a copy costs more than the call that it saves.
_MOST_JOINED = 64 * 1024


class JoinedWrites:
    """Writes to a transport; a head waits for its body, at the longest until the loop's next turn.

    uvicorn writes them apart and uvloop sends each at once: a second packet, and 4 us of the kernel's time.
    """

    __slots__ = ("_head", "_loop", "_transport", "is_closing", "set_protocol")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""
        self.is_closing = transport.is_closing
        self.set_protocol = transport.set_protocol

    def write(self, data: bytes) -> None:
        """Write `data`, after the head that waits."""
        head = self._head
        if not head:
            if data.startswith(_STATUS_LINE):
                self._head = data
                self._loop.call_soon(self._flush)
                return
        elif len(data) > _MOST_JOINED:
            self._flush()
        else:
            self._head = b""
            data = head + data
        self._transport.write(data)

    def write_eof(self) -> None:
        """Write what waits, then end this direction."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Write what waits, then close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what waits is not written."""
        self._head = b""
        self._transport.abort()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)
