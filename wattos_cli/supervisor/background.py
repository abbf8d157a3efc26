"""What the supervisor does beside its operations: it goes on, and what breaks it off stands in its log.

As services do it (`kernel/background.py`), of which the command line knows nothing.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from wattos_cli.supervisor import journal

PAUSE_S = 1.0
"""So long after it broke off work begins anew."""

Work = Callable[[], Awaitable[None]]
Sleep = Callable[[float], Awaitable[object]]


async def restarting(work: Work, name: str, *, sleep: Sleep = asyncio.sleep) -> None:
    """Do `work` until it ends by itself or is cancelled; what breaks it off is told, and it begins anew.

    Somebody's cancelling what the work waits for breaks it off, too; what goes wrong while it is cancelled
    itself is told and is its end.
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
        what = "failed at its end" if is_ending else "broke off and begins anew"
        _tell(f"the background work {name} {what}: {broke_off!r}", broke_off, work=name)
        if is_ending:
            return
        await sleep(PAUSE_S)


def tell_unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Write what nobody waited for to the log, as one record: the loop's exception handler."""
    error = context.get("exception")
    _tell(f"{context['message']}: {error!r}" if error else context["message"], error)


def _tell(message: str, error: BaseException | None, **fields: Any) -> None:
    stack = traceback.format_exception(error) if error is not None else None
    journal.write("background_work.failed", message, level="error", traceback=stack, **fields)


def _is_ending() -> bool:
    """Return whether the task at hand was cancelled, though its work answered that with an error."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
