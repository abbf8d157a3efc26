"""What the registry knows of one metric family."""

from dataclasses import dataclass
from typing import Literal

LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Label:
    """One label. `values` are all it can have; `bounded_by` says their number elsewhere.

    A value that `values` does not hold is counted as `other`.
    """

    name: str
    bounded_by: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """One family of series. `services` are those that expose it, all when there are none.

    `unit` is that of its values, empty for plain numbers. A family with a `switch` exists only where the
    setting of that name is on.
    """

    name: str
    kind: Kind
    help: str
    label_set: tuple[Label, ...] = ()
    unit: str = ""
    buckets: tuple[float, ...] = LATENCY_S
    services: tuple[str, ...] = ()
    switch: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the names of the labels, in order."""
        return tuple(label.name for label in self.label_set)

    def exposed_by(self, service: str) -> bool:
        """Return whether `service` exposes the family, its switch permitting."""
        return not self.services or service in self.services


def counter(
    name: str, text: str, *labels: Label, unit: str = "", services: tuple[str, ...] = ()
) -> MetricFamily:
    """Return a counter; its name ends in `_total`."""
    return MetricFamily(name, "counter", text, labels, unit, services=services)


def gauge(
    name: str, text: str, *labels: Label, unit: str = "", services: tuple[str, ...] = ()
) -> MetricFamily:
    """Return a gauge."""
    return MetricFamily(name, "gauge", text, labels, unit, services=services)


def histogram(
    name: str,
    text: str,
    *labels: Label,
    unit: str = "seconds",
    buckets: tuple[float, ...] = LATENCY_S,
    services: tuple[str, ...] = (),
    switch: str = "",
) -> MetricFamily:
    """Return a histogram, of seconds unless `unit` says otherwise."""
    return MetricFamily(name, "histogram", text, labels, unit, buckets, services, switch)
