"""The generator's journal: who comes, one JSON line an interval, then the ending; read while it grows.

It is the live view, the result, and what is left when the generator dies.
"""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Ending


class Journal:
    """The writing end; OSError when there is no room, and then it is closed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def interval(self, interval: Interval) -> None:
        """Write what was counted in a stretch of the run."""
        self._line({"interval": interval.dump()})

    def workers(self, came: int) -> None:
        """Write how many workers have come, before the run begins."""
        self._line({"workers": came})

    def end(self, ending: Ending) -> None:
        """Write how the run ended, and close."""
        self._line({"ending": asdict(ending)})
        self._file.close()

    def _line(self, value: dict[str, Any]) -> None:
        try:
            self._file.write(msgspec.json.encode(value) + b"\n")
            self._file.flush()
        except OSError:
            with suppress(OSError):  # what is left to write fails again
                self._file.close()
            raise


class Tail:
    """The reading end of a journal that grows; `ending` is None until it is there, `workers` have come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self.ending: Ending | None = None
        self.workers = 0

    def poll(self) -> list[Interval]:
        """Return the intervals that came since the last call; a line that is not whole yet comes later."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                whole, _, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        if not whole:
            return []
        self._at += len(whole) + 1
        found = []
        for line in whole.splitlines():
            value = json.loads(line)
            if "interval" in value:
                found.append(Interval.load(value["interval"]))
            elif "workers" in value:
                self.workers = value["workers"]
            else:
                told = value["ending"]
                self.ending = Ending(
                    **{**told, "saturated": tuple(told["saturated"]), "notes": tuple(told["notes"])}
                )
        return found
