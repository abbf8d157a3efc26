"""Work in the background: beside a block, and anew when it breaks off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from wattos_platform.kernel.telemetry import Log

PAUSE_S = 1.0
"""So long after it broke off work begins anew."""

Work = Callable[[], Awaitable[None]]
Sleep = Callable[[float], Awaitable[object]]


async def restarting(work: Work, name: str, log: Log, *, sleep: Sleep = asyncio.sleep) -> None:
    """Do `work` until it ends by itself or is cancelled; what breaks it off is logged, and it begins anew.

    A service must neither go on without work that it relies on nor end for the sake of it, and whoever asks
    why it stood still finds the reason in the log. Somebody's cancelling what the work waits for breaks it
    off, too; what goes wrong while it is cancelled itself is told and is its end.
    """
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is: told, and tried again
            broke_off: BaseException = error
        except asyncio.CancelledError as error:
            if _is_ending():
                raise
            broke_off = error
        else:
            return
        is_ending = _is_ending()
        _tell(name, broke_off, log, is_ending=is_ending)
        if is_ending:
            return
        await sleep(PAUSE_S)


@asynccontextmanager
async def in_background(
    work: Work, name: str, log: Log, *, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[None]:
    """Do `work` beside the block, in a task called `name` that is cancelled and waited for at its end.

    What breaks it off is logged, and it begins anew.
    """
    task = asyncio.create_task(restarting(work, name, log, sleep=sleep), name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _tell(name: str, error: BaseException, log: Log, *, is_ending: bool) -> None:
    reason = str(error) or type(error).__name__
    what = "failed at its end" if is_ending else "broke off and begins anew"
    log.error(
        "background_work.failed",
        message=f"The background work {name} {what}: {reason}",
        work=name,
        exc_info=error,
    )


def _is_ending() -> bool:
    """Return whether the task at hand was cancelled, though its work answered that with an error."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
