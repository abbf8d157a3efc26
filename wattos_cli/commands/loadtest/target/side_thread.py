"""Work in a thread beside the load: whoever hangs there delays nothing.

What breaks it off is told and begins anew, as in `supervisor/background.py`, which needs a loop for it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wattos_cli.loadtest.driving.stderr import write_line

PAUSE_S = 1.0
"""So long after it broke off work begins anew."""

Over = Callable[[float], bool]
"""Waits for so many seconds, and returns whether the work is to end."""


@contextmanager
def side_thread(work: Callable[[Over], None], name: str, last_s: float) -> Iterator[None]:
    """Let `work` go on while the block runs, and then for `last_s` at most; what breaks it off is told."""
    over = threading.Event()
    thread = threading.Thread(target=restarting, args=(work, name, over.wait), daemon=True, name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(last_s)


def restarting(work: Callable[[Over], None], name: str, over: Over) -> None:
    """Do `work` until it ends by itself; what breaks it off is told on stderr, and it begins anew."""
    while True:
        try:
            work(over)
        except Exception as error:  # noqa: BLE001 - whatever it is: a cap on spending must not lapse for it
            write_line(f"{name} broke off: {error!r}")
        else:
            return
        if over(PAUSE_S):
            return
