"""What the kernel's parts ask of metrics and logs: Protocols, so that each part can be tested alone."""

from typing import Any, Protocol


class Counter(Protocol):
    """A number that only grows."""

    def inc(self, amount: float = 1) -> None:
        """Add `amount`."""


class Tally:
    """A counter for the hottest paths: `tally.count += 1` costs a fifth of what `Counter.inc` does."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count: float = 0


class Gauge(Protocol):
    """A number that is set."""

    def set(self, value: float) -> None:
        """Replace the value."""


class Histogram(Protocol):
    """A distribution; durations are observed in seconds."""

    def observe(self, amount: float) -> None:
        """Record one observation."""


class Meter(Protocol):
    """Gives the cached child of a declared metric for a set of labels."""

    def counter(self, name: str, /, **labels: str) -> Counter:
        """Return the counter's child."""

    def tally(self, name: str, /, **labels: str) -> Tally:
        """Return the tally of the counter's child, which shows in it whenever metrics are read; keep it."""

    def gauge(self, name: str, /, **labels: str) -> Gauge:
        """Return the gauge's child."""

    def histogram(self, name: str, /, **labels: str) -> Histogram:
        """Return the histogram's child."""

    def forget(self, name: str, /, **labels: str) -> None:
        """Drop every child that has these labels, among others perhaps: what they tell of is gone."""


class Log(Protocol):
    """The part of a structlog logger that services use; `event` is noun.past_tense_verb.

    A field `exc_info`, an exception, becomes its type, its message and its stack.
    """

    def info(self, event: str, /, **fields: Any) -> Any:
        """Write a line of level info."""

    def warning(self, event: str, /, **fields: Any) -> Any:
        """Write a line of level warning."""

    def error(self, event: str, /, **fields: Any) -> Any:
        """Write a line of level error."""

    def critical(self, event: str, /, **fields: Any) -> Any:
        """Write a line of level critical."""


class _Null:
    __slots__ = ()

    def inc(self, amount: float = 1) -> None:
        """Count nothing."""

    def set(self, value: float) -> None:
        """Keep nothing."""

    def observe(self, amount: float) -> None:
        """Record nothing."""


_NULL = _Null()


class NullMeter:
    """A meter that records nothing; the default where no metrics are wanted."""

    __slots__ = ()

    def counter(self, name: str, /, **labels: str) -> Counter:  # noqa: ARG002 - the Protocol's shape
        """Return a counter that counts nothing."""
        return _NULL

    def tally(self, name: str, /, **labels: str) -> Tally:  # noqa: ARG002 - the Protocol's shape
        """Return a tally that nobody reads."""
        return Tally()

    def gauge(self, name: str, /, **labels: str) -> Gauge:  # noqa: ARG002 - the Protocol's shape
        """Return a gauge that keeps nothing."""
        return _NULL

    def histogram(self, name: str, /, **labels: str) -> Histogram:  # noqa: ARG002 - the Protocol's shape
        """Return a histogram that records nothing."""
        return _NULL

    def forget(self, name: str, /, **labels: str) -> None:
        """Have nothing to drop."""


class NullLog:
    """A log that writes nothing."""

    __slots__ = ()

    def info(self, event: str, /, **fields: Any) -> None:
        """Write nothing."""

    def warning(self, event: str, /, **fields: Any) -> None:
        """Write nothing."""

    def error(self, event: str, /, **fields: Any) -> None:
        """Write nothing."""

    def critical(self, event: str, /, **fields: Any) -> None:
        """Write nothing."""
