"""Ask a server that speaks Redis's protocol whether it is there, on the supervisor's loop."""

import asyncio

from wattos_cli.clients import redis_ping
from wattos_cli.supervisor import probe


async def ask(port: int, password: str, timeout_s: float) -> str:
    """Return "" when the server on `port` answers PONG, else what it said instead, an error for example.

    Raises ProbeError when it says nothing within `timeout_s`.
    """
    async with probe.answered_within(timeout_s):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=redis_ping.LONGEST_LINE_BYTES)
        try:
            writer.write(redis_ping.question(password))
            for expected in redis_ping.EXPECTED:
                if said := redis_ping.refusal(await reader.readuntil(b"\r\n"), expected):
                    return said
        finally:
            writer.close()
    return ""
