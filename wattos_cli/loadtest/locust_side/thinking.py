"""Where users of Locust wait between their tasks, and how those that shall stop are woken.

Locust kills a user that waits. The kill comes a moment later; a user that went on in that moment is killed in
the middle of a request, which then counts as failed: at the end of a run, and when a stage takes users away.
"""

from typing import Any

import gevent

STOPPING = "stopping"


class Thinking:
    """The users that wait."""

    def __init__(self) -> None:
        self._asleep: set[Any] = set()

    def sleep(self, seconds: float) -> None:
        """Wait, as the user that calls; it may be woken before."""
        me = gevent.getcurrent()
        self._asleep.add(me)
        try:
            gevent.sleep(seconds)
        except _Woken:
            pass
        finally:
            self._asleep.discard(me)

    def wake(self, user: Any) -> bool:
        """Let a user stop if it waits, and return whether it does."""
        if user.greenlet not in self._asleep:
            return False
        user._state = STOPPING  # noqa: SLF001 - what Locust's wait looks at when it is over
        gevent.get_hub().loop.run_callback(self._wake, user.greenlet)
        return True

    def _wake(self, greenlet: Any) -> None:
        if greenlet in self._asleep:  # else its time was over, and it stops by itself
            greenlet.throw(_Woken())


class _Woken(Exception):  # noqa: N818 - nothing went wrong
    """The wait is over before its time."""
