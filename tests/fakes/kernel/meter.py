"""A meter that remembers, for tests that ask what was counted."""

from collections import defaultdict
from typing import Any

from wattos_platform.kernel.telemetry import Tally


class _Child:
    def __init__(self, values: dict[Any, list[float]], key: Any) -> None:
        self._values, self._key = values, key

    def inc(self, amount: float = 1) -> None:
        self._values[self._key].append(amount)

    def observe(self, amount: float) -> None:
        self._values[self._key].append(amount)

    def set(self, value: float) -> None:
        self._values[self._key][:] = [value]


class FakeMeter:
    """`meter.total("name", label="value")` sums what was recorded under these labels."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, frozenset[tuple[str, str]]], list[float]] = defaultdict(list)
        self.tallies: list[tuple[str, frozenset[tuple[str, str]], Tally]] = []

    def counter(self, name: str, /, **labels: str) -> _Child:
        return _Child(self.values, (name, frozenset(labels.items())))

    def tally(self, name: str, /, **labels: str) -> Tally:
        made = Tally()
        self.tallies.append((name, frozenset(labels.items()), made))
        return made

    gauge = counter
    histogram = counter

    def forget(self, name: str, /, **labels: str) -> None:
        wanted = frozenset(labels.items())
        for key in [each for each in self.values if each[0] == name and wanted <= each[1]]:
            del self.values[key]

    def total(self, name: str, /, **labels: str) -> float:
        wanted = frozenset(labels.items())
        tallied = sum(tally.count for found, have, tally in self.tallies if found == name and wanted <= have)
        return tallied + sum(
            sum(seen) for (found, have), seen in self.values.items() if found == name and wanted <= have
        )

    def count(self, name: str, /, **labels: str) -> int:
        wanted = frozenset(labels.items())
        return sum(
            len(seen) for (found, have), seen in self.values.items() if found == name and wanted <= have
        )


class FakeLog:
    """`log.events` holds (level, event, fields)."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []

    def info(self, event: str, /, **fields: Any) -> None:
        self.events.append(("info", event, fields))

    def warning(self, event: str, /, **fields: Any) -> None:
        self.events.append(("warning", event, fields))

    def error(self, event: str, /, **fields: Any) -> None:
        self.events.append(("error", event, fields))

    def failures(self) -> list[tuple[str, str]]:
        """Return what broke off in the background: the work, and the error as text."""
        return [
            (fields["work"], str(fields["exc_info"]))
            for level, event, fields in self.events
            if (level, event) == ("error", "background_work.failed")
        ]
