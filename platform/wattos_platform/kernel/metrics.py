"""Prometheus metrics of one service: children cached per label set, cardinality capped."""

import asyncio
import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry

from wattos_platform.contracts.metrics import MetricFamily, families_of
from wattos_platform.kernel.exposition import Reading, label_text, render
from wattos_platform.kernel.instruments import Counter, Gauge, Histogram
from wattos_platform.kernel.resilience.single_flight import SingleFlight
from wattos_platform.kernel.telemetry import Tally

MAX_CHILDREN: Final = 1000
OVERFLOW: Final = "other"
_REFUSED = "metric_label_sets_refused_total"
_FASTEST = 1

Instrument = Counter | Gauge | Histogram


@dataclass(slots=True)
class _Kept:
    """A family as it is counted: its instrument, and by label values the children with their labels' text."""

    family: MetricFamily
    instrument: Instrument
    children: dict[tuple[str, ...], tuple[str, Instrument]] = field(default_factory=dict)

    def reading(self) -> Reading:
        """Return all its numbers as they are now."""
        children = self.children.values()
        if self.family.kind == "histogram":
            return Reading(
                self.family,
                distributions=[
                    (text, *each.snapshot()) for text, each in children if isinstance(each, Histogram)
                ],
            )
        if self.family.kind == "counter":
            numbers = [(text, each.tally.count) for text, each in children if isinstance(each, Counter)]
        else:
            numbers = [(text, each.number) for text, each in children if isinstance(each, Gauge)]
        return Reading(self.family, numbers)


class Metrics:
    """The metrics of one service, made from the registry in contracts/metrics.

    `counter`, `gauge` and `histogram` return a child for a set of labels; a name or label that the
    registry does not hold is a bug and raises KeyError or ValueError. A family keeps at most 1000 label
    sets: further ones share the child whose labels are all `other`, which `metric_label_sets_refused_total`
    counts. A value that is none of its label's is `other`, too.
    """

    def __init__(self, service: str, families: Iterable[MetricFamily] | None = None) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._families: dict[str, _Kept] = {}
        self._children: dict[tuple[str, tuple[tuple[str, str], ...]], Instrument] = {}
        self._flights = SingleFlight()
        for family in families_of(service) if families is None else families:
            kept = self._families[family.name] = _Kept(family, _make(family, self.registry))
            if not family.label_set:
                kept.children[()] = ("", kept.instrument)

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

    async def exposition(self, *, compressed: bool = False) -> bytes:
        """Return the text exposition, gzipped if `compressed`; who asks at the same time shares one.

        The numbers are read here, at one instant between two steps of the loop, so that they fit together;
        they become text in a thread.
        """
        text: bytes = await self._flights.share("text", self._render)
        return await self._flights.share("gzip", lambda: _compress(text)) if compressed else text

    def forget(self, name: str, /, **labels: str) -> None:
        """Drop every child of `name` that has these labels, among others perhaps; nobody may keep them."""
        kept, wanted = self._families[name], labels.items()
        names = kept.family.labels
        for values in [each for each in kept.children if wanted <= set(zip(names, each, strict=True))]:
            del kept.children[values]
            if values:
                kept.instrument.remove(*values)
        for key in [each for each in self._children if each[0] == name and wanted <= set(each[1])]:
            del self._children[key]

    def each(self, name: str) -> Iterator[tuple[Mapping[str, str], Instrument]]:
        """Return labels and instrument of every child of `name`; KeyError if it is not this service's."""
        kept = self._families[name]
        for values, (_, child) in kept.children.items():
            yield dict(zip(kept.family.labels, values, strict=True)), child

    def reading(self, name: str) -> Reading:
        """Return the numbers of one family as they are now; KeyError for one that is not this service's."""
        return self._families[name].reading()

    async def _render(self) -> bytes:
        return await asyncio.to_thread(render, [kept.reading() for kept in self._families.values()])

    def _child(self, name: str, labels: dict[str, str]) -> Instrument:
        key = (name, tuple(labels.items()))
        found = self._children.get(key)
        if found is not None:
            return found
        kept = self._families[name]
        wanted = _values(kept.family, labels)
        child, is_refused = _child_of(kept, wanted)
        if is_refused:
            # Not remembered under its own labels, of which there may be without number.
            self.tally(_REFUSED, family=name).count += 1
        else:
            self._children[key] = child
        return child


def _values(family: MetricFamily, labels: dict[str, str]) -> tuple[str, ...]:
    """Return the values in the family's order; ValueError for labels that are not the family's."""
    if len(labels) != len(family.label_set) or not all(name in labels for name in family.labels):
        raise ValueError(f"{family.name} has the labels {family.labels}, not {tuple(labels)}")
    return tuple(str(labels[name]) for name in family.labels)


def _child_of(kept: _Kept, wanted: tuple[str, ...]) -> tuple[Instrument, bool]:
    """Return the child that counts for the values `wanted`, and whether it is not their own."""
    family, children = kept.family, kept.children
    bounded = tuple(
        value if not label.values or value in label.values else OVERFLOW
        for label, value in zip(family.label_set, wanted, strict=True)
    )
    if bounded not in children and len(children) >= MAX_CHILDREN:
        bounded = (OVERFLOW,) * len(wanted)
    if bounded not in children:
        child = kept.instrument.labels(*bounded) if bounded else kept.instrument
        children[bounded] = (label_text(family.labels, bounded), child)
    return children[bounded][1], bounded != wanted


async def _compress(text: bytes) -> bytes:
    return await asyncio.to_thread(gzip.compress, text, _FASTEST)


def _make(family: MetricFamily, registry: CollectorRegistry) -> Instrument:
    if family.kind == "histogram":
        return Histogram(family.name, family.help, family.labels, registry=registry, buckets=family.buckets)
    if family.kind == "gauge":
        return Gauge(family.name, family.help, family.labels, registry=registry)
    return Counter(family.name, family.help, family.labels, registry=registry)
