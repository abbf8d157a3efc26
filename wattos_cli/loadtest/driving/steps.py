"""How a journey goes on: which task comes next, and how a step that broke off is told."""

import time
from collections.abc import Callable, Coroutine
from typing import Any

from wattos_cli.loadtest.driving.evidence import error_line
from wattos_cli.loadtest.journey import CallError, Journey, tasks
from wattos_cli.loadtest.measuring.collector import Observed

CLEAN_UP_S = 8.0
"""So long a user may take to remove what it made."""
Step = Callable[[], Coroutine[Any, Any, None]]


class Steps:
    """Draws the tasks of a journey by weight, from its traveller's dice."""

    def __init__(self, journey: Journey) -> None:
        weights = tasks(type(journey))
        if not weights:
            raise ValueError(f"the journey {type(journey).__name__} has no task: mark a method with @task")
        self._rng = journey.traveller.rng
        self._methods: list[Callable[[], Coroutine[Any, Any, None]]] = [
            getattr(journey, name) for name in weights
        ]
        self._weights = list(weights.values())

    def next(self) -> Step:
        """Return the task to do next."""
        if len(self._methods) == 1:
            return self._methods[0]
        return self._rng.choices(self._methods, self._weights)[0]


def broken_off(name: str, error: Exception) -> Observed:
    """Return a step that raised `error` as a request that failed, and that has no time."""
    status, text = (error.status, str(error)) if isinstance(error, CallError) else (0, error_line(error))
    return Observed(name, time.monotonic(), None, status, text)
