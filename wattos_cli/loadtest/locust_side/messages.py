"""The messages between master and workers, beside Locust's own."""

from collections.abc import Callable
from typing import Any

TERMS = "wattos_terms"
"""To a worker, before the test starts: the plan, as JSON and without tokens."""
READY = "wattos_ready"
"""To the master, in the open model: the users are ready."""
GO = "wattos_go"
"""To a worker, in the open model: let arrivals begin; `index` and `of` say which are its own."""
INTERVAL = "wattos_interval"
"""To the master, each second: what was counted."""
ENDING = "wattos_ending"
"""To the master: that was all."""
STOP = "stop"
"""Locust's own, to a worker: stop the users."""

Send = Callable[[str, Any, str | None], None]
"""Sends kind and data to one worker, or (None) to all of them, or to the master; never raises."""
