"""Prometheus metrics of one service: children cached per label set, cardinality capped."""

import asyncio
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from wattos_platform.contracts.metrics import FAMILIES, MetricFamily
from wattos_platform.kernel.instruments import Counter, Histogram
from wattos_platform.kernel.telemetry import Tally

MAX_CHILDREN = 1000
OVERFLOW = "other"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The metrics of one service, made from the registry in contracts/metrics.py.

    `counter`, `gauge` and `histogram` return a child for a set of labels; a name or label that the
    registry does not hold is a bug and raises KeyError or ValueError. A family keeps at most 1000 label
    sets: further ones share the child whose labels are all `other`.
    """

    def __init__(self, service: str, families: Iterable[MetricFamily] = FAMILIES) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._families: dict[str, Counter | Gauge | Histogram] = {}
        self._children: dict[tuple[str, tuple[str, ...]], Counter | Gauge | Histogram] = {}
        self._counts: dict[str, int] = {}
        for family in families:
            if family.service in {"", service}:
                self._families[family.name] = _make(family, self.registry)

    def counter(self, name: str, /, **labels: str) -> Counter:
        """Return the counter `name` for `labels`."""
        child = self._child(name, labels)
        assert isinstance(child, Counter)  # noqa: S101 - narrows the type; a wrong kind is a bug
        return child

    def tally(self, name: str, /, **labels: str) -> Tally:
        """Return the tally of the counter `name` for `labels`; keep it."""
        return self.counter(name, **labels).tally

    def gauge(self, name: str, /, **labels: str) -> Gauge:
        """Return the gauge `name` for `labels`."""
        child = self._child(name, labels)
        assert isinstance(child, Gauge)  # noqa: S101 - same
        return child

    def histogram(self, name: str, /, **labels: str) -> Histogram:
        """Return the histogram `name` for `labels`; observe seconds."""
        child = self._child(name, labels)
        assert isinstance(child, Histogram)  # noqa: S101 - same
        return child

    async def exposition(self) -> bytes:
        """Return the text exposition, rendered off the event loop."""
        return await asyncio.to_thread(generate_latest, self.registry)

    def _child(self, name: str, labels: dict[str, str]) -> Counter | Gauge | Histogram:
        key = (name, tuple(labels.values()))
        found = self._children.get(key)
        if found is not None:
            return found
        family = self._families[name]
        if not labels:
            self._children[key] = family
            return family
        count = self._counts.get(name, 0)
        if count >= MAX_CHILDREN:
            return family.labels(**dict.fromkeys(labels, OVERFLOW))
        child = family.labels(**labels)
        self._counts[name] = count + 1
        self._children[key] = child
        return child


def _make(family: MetricFamily, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    if family.kind == "histogram":
        return Histogram(family.name, family.help, family.labels, registry=registry, buckets=family.buckets)
    if family.kind == "gauge":
        return Gauge(family.name, family.help, family.labels, registry=registry)
    return Counter(family.name, family.help, family.labels, registry=registry)
