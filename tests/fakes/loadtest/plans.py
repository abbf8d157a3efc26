"""Plans of load tests that nobody runs, or that say only what matters."""

from pathlib import Path
from typing import Any

from wattos_cli.loadtest.plan import Plan


def plan(**changes: Any) -> Plan:
    """Return a plan of two users for three seconds, with what a test changes of it."""
    given: dict[str, Any] = {
        "locustfile": Path("locustfile.py"),
        "journeys": {},
        "host": "http://127.0.0.1:9",
        "users": 2,
        "spawn_rate": 10.0,
        "duration_s": 3.0,
    }
    return Plan(**{**given, **changes})
