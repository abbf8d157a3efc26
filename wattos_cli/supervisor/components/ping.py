"""Ask a server that speaks Redis's protocol whether it is there: AUTH and PING, by hand."""

import asyncio

from wattos_cli.supervisor import probe

_LONGEST_LINE_BYTES = 4096
_OK, _PONG = "+OK", "+PONG"


async def ask(port: int, password: str, timeout_s: float) -> str:
    """Return "" when the server on `port` answers PONG, else what it said instead, an error for example.

    Raises ProbeError when it says nothing within `timeout_s`.
    """
    async with probe.answered_within(timeout_s):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LONGEST_LINE_BYTES)
        try:
            writer.write(_command("AUTH", password) + _command("PING"))
            for expected in (_OK, _PONG):
                line = await reader.readuntil(b"\r\n")
                said = line.decode(errors="replace").strip()
                if said != expected:
                    return said.removeprefix("-")
        finally:
            writer.close()
    return ""


def _command(*words: str) -> bytes:
    """Return the words as the protocol sends them: an array of strings, each with its length in bytes."""
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        content = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(content), content))
    return b"".join(parts)
