"""Waits of one greenlet for what others do."""

from collections.abc import Callable

import gevent

_LOOK_S = 0.05


def wait_while(condition: Callable[[], object], longest_s: float) -> None:
    """Wait until `condition` is no longer true, `longest_s` at the longest."""
    waited_s = 0.0
    while condition() and waited_s < longest_s:
        gevent.sleep(_LOOK_S)
        waited_s += _LOOK_S
