"""Work in a thread beside the load: whoever hangs there delays nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Over = Callable[[float], bool]
"""Waits for so many seconds, and returns whether the work is to end."""


@contextmanager
def side_thread(work: Callable[[Over], None], name: str, last_s: float) -> Iterator[None]:
    """Let `work` go on while the block runs, and then for `last_s` at most."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over.wait,), daemon=True, name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(last_s)
