"""The supervisor's own log: one JSON object per line on descriptor 2, which is supervisor.log."""

import contextlib
import json
import sys
from datetime import UTC, datetime
from typing import Any


def write(event: str, message: str, *, level: str = "info", **fields: Any) -> None:
    """Append one record; `event` is noun.past_tense_verb, as in the services' logs.

    One that cannot be written, as on a full disk, is lost: what it reports goes on, an ending above all.
    """
    record = {
        "time": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": level,
        "service": "supervisor",
        "event": event,
        "message": message,
        **{name: value for name, value in fields.items() if value is not None},
    }
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{json.dumps(record, ensure_ascii=False, default=str)}\n")
        sys.stderr.flush()
