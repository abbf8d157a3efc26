"""Asks many at once; a slow or hung one never delays the others."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_GRACE_S = 0.25


def ask_all(
    targets: Sequence[T],
    ask: Callable[[T], R],
    timeout_s: float,
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[R | None]:
    """Return `ask(target)` of each target, in their order; None where it takes longer than `timeout_s`.

    `ask` must not raise: it runs in a thread. Threads are daemons and are not joined: one that hangs beyond
    its time-out is left behind.
    """
    deadline = monotonic() + timeout_s + _GRACE_S
    answers: queue.SimpleQueue[tuple[int, R]] = queue.SimpleQueue()
    for index, target in enumerate(targets):
        threading.Thread(
            target=lambda index=index, target=target: answers.put((index, ask(target))), daemon=True
        ).start()
    found: dict[int, R] = {}
    while len(found) < len(targets):
        try:
            index, answer = answers.get(timeout=max(0.0, deadline - monotonic()))
        except queue.Empty:
            break
        found[index] = answer
    return [found.get(index) for index in range(len(targets))]
