"""Tasks that are waited for, and not for ever."""

import asyncio
from collections.abc import Collection


async def end_within(tasks: Collection[asyncio.Task[None]], seconds: float) -> int:
    """Wait until all tasks have ended, cancel those that take longer, and return how many those were."""
    if not tasks:
        return 0
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
    return len(late)
