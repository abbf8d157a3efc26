"""How values are distributed, in bounded memory: buckets half a per cent wide, exact ends."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GROWTH = math.log(1.005)
"""Bucket n holds the values from exp(n * GROWTH) up to exp((n + 1) * GROWTH)."""
ZERO = -(10**6)
"""The bucket of 0."""


@dataclass
class Histogram:
    """Counts values >= 0; `quantile` is off by 0.25 % at most, `least` and `most` are exact."""

    count: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = 0.0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, value: float) -> None:
        """Count one value."""
        bucket = math.floor(math.log(value) / GROWTH) if value > 0 else ZERO
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    def merge(self, other: "Histogram") -> None:
        """Count all values of `other` too."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)

    def quantile(self, share: float) -> float | None:
        """Return the value that `share` (0 to 1) of all do not exceed (nearest rank), None if empty."""
        if not self.count:
            return None
        rank = max(1, math.ceil(share * self.count))
        if rank >= self.count:
            return self.most
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                middle = 0.0 if bucket == ZERO else math.exp((bucket + 0.5) * GROWTH)
                return min(max(middle, self.least), self.most)
        return self.most

    def mean(self) -> float | None:
        """Return the mean, None if empty."""
        return self.total / self.count if self.count else None

    def dump(self) -> dict[str, Any]:
        """Return the histogram as JSON-able values."""
        buckets = {str(bucket): count for bucket, count in self.buckets.items()}
        least = None if math.isinf(self.least) else self.least
        return {"count": self.count, "total": self.total, "min": least, "max": self.most, "buckets": buckets}

    @classmethod
    def load(cls, value: Mapping[str, Any]) -> "Histogram":
        """Return the histogram that `dump` wrote; KeyError, TypeError or ValueError for anything else."""
        least = math.inf if value["min"] is None else float(value["min"])
        buckets = {int(bucket): int(count) for bucket, count in value["buckets"].items()}
        return cls(int(value["count"]), float(value["total"]), least, float(value["max"]), buckets)
