"""`[metrics]` of wattos.toml, as it travels to the supervisor within the plan."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from wattos_cli.metricstore.store.retention import Keep

_MIB = 1024 * 1024
_LONGEST_SCRAPE_S = 10.0


@dataclass(frozen=True, slots=True)
class ScrapeSettings:
    """Whether and how often targets are scraped, in seconds, and how much is kept."""

    enabled: bool = True
    interval_s: float = 5.0
    retention_s: float = 24 * 60 * 60
    max_size_mb: int = 200

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote; what is missing has its default."""
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON-able data."""
        return asdict(self)

    @property
    def keep(self) -> Keep:
        """Return what the store keeps."""
        return Keep(age_ms=int(self.retention_s * 1000), size_bytes=self.max_size_mb * _MIB)

    @property
    def timeout_s(self) -> float:
        """Return how long one scrape may take: what is slower is down, and never waits for itself."""
        return min(self.interval_s * 0.8, _LONGEST_SCRAPE_S)
