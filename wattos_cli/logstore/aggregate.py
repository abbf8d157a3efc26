"""Figures over the entries that pass the filters: how often each value, and how a number is distributed."""

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from wattos_cli.logstore import fields
from wattos_cli.logstore.entries import Entry

VALUES_LIMIT = 100_000
"""So many different values are told apart; further ones are counted together."""
SAMPLE_LIMIT = 4_000_000
"""Up to so many numbers quantiles are exact; of more a uniform sample of this size is kept."""
OTHER = "(other values)"


@dataclass
class Counts:
    """How often each value of a field occurs."""

    name: str
    values: dict[str, int] = field(default_factory=dict)
    absent: int = 0

    def rows(self) -> list[tuple[str, int]]:
        """Return (value, count), the most frequent first, equal ones by value."""
        return sorted(self.values.items(), key=lambda row: (-row[1], row[0]))


def count_by(entries: Iterable[Entry], name: str, limit: int = VALUES_LIMIT) -> Counts:
    """Count the values of `name` in records; text and bad lines have none and are left out."""
    counts = Counts(name)
    for entry in entries:
        if entry.reason or entry.text_only or not entry.record:
            continue
        value = fields.canonical(entry.record, name)
        if value is fields.MISSING:
            counts.absent += 1
            continue
        key = fields.level_name(value) or fields.text(value) if name == "level" else fields.text(value)
        if key not in counts.values and len(counts.values) >= limit:
            key = OTHER
        counts.values[key] = counts.values.get(key, 0) + 1
    return counts


@dataclass
class Stats:
    """The distribution of a field's numbers; `sampled` says that quantiles come from a sample."""

    name: str
    count: int = 0
    absent: int = 0
    not_numeric: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    sampled: bool = False
    sample: "array[float]" = field(default_factory=lambda: array("d"))

    def quantile(self, share: float) -> float | None:
        """Return the value below which `share` of the numbers lie (linear between two), None if none."""
        if not self.sample:
            return None
        at = share * (len(self.sample) - 1)
        low = math.floor(at)
        high = min(low + 1, len(self.sample) - 1)
        return self.sample[low] + (self.sample[high] - self.sample[low]) * (at - low)

    def figures(self) -> dict[str, Any]:
        """Return the figures in the order in which they are shown."""
        none = self.count == 0
        return {
            "field": self.name,
            "count": self.count,
            "absent": self.absent,
            "not_numeric": self.not_numeric,
            "min": None if none else self.least,
            "mean": None if none else self.total / self.count,
            "p50": self.quantile(0.5),
            "p95": self.quantile(0.95),
            "p99": self.quantile(0.99),
            "max": None if none else self.most,
            "exact": not self.sampled,
        }


def stats(entries: Iterable[Entry], name: str, limit: int = SAMPLE_LIMIT) -> Stats:
    """Return the distribution of `name`; a string that is a number counts as one."""
    found = Stats(name)
    random = Random(0)  # noqa: S311 - a reproducible sample, no secret
    for entry in entries:
        if entry.reason or entry.text_only or not entry.record:
            continue
        value = fields.canonical(entry.record, name)
        number = fields.number(value) if value is not fields.MISSING else None
        if number is None:
            found.absent += value is fields.MISSING
            found.not_numeric += value is not fields.MISSING
            continue
        found.count += 1
        found.total += number
        found.least, found.most = min(found.least, number), max(found.most, number)
        if len(found.sample) < limit:
            found.sample.append(number)
            continue
        found.sampled = True
        place = random.randrange(found.count)
        if place < limit:
            found.sample[place] = number
    found.sample = array("d", sorted(found.sample))
    return found
