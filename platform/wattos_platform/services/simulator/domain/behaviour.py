"""How fast and how much the simulator answers, and what it has counted."""

from collections import Counter
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_MOST_NAMES = 200


class Behaviour(BaseModel):
    """PUT /simulator/behaviour. Latency is before the first byte; `tokens_per_s` 0 sets no pace."""

    model_config = ConfigDict(extra="forbid", strict=True)

    latency_ms: float = Field(default=0.0, ge=0, le=600_000)
    latency_jitter_ms: float = Field(default=0.0, ge=0, le=600_000)
    tokens_per_s: float = Field(default=0.0, ge=0, le=1_000_000)
    answer_tokens: int = Field(default=20, ge=1, le=100_000)

    def latency_s(self, rng: Random) -> float:
        """Return the wait before this answer, in seconds: latency plus a random share of the jitter."""
        return (self.latency_ms + rng.uniform(0, self.latency_jitter_ms)) / 1000

    @property
    def pause_s(self) -> float:
        """Return the time between two tokens, in seconds."""
        return 1 / self.tokens_per_s if self.tokens_per_s else 0.0


class Counts:
    """What the simulator received, so that a test can ask how often a dead provider was called."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin at zero."""
        self._paths: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._completed = self._abandoned = 0

    def received(self, path: str, model: str, fault: str | None) -> None:
        """Count a request and the fault it met."""
        _bounded(self._paths, path)
        _bounded(self._models, model)
        if fault:
            self._faults[fault] += 1

    def completed(self) -> None:
        """Count an answer that went out whole."""
        self._completed += 1

    def abandoned(self) -> None:
        """Count a request whose caller left before the end."""
        self._abandoned += 1

    def report(self) -> dict[str, Any]:
        """Return all counts."""
        return {
            "total": sum(self._paths.values()),
            "completed": self._completed,
            "abandoned": self._abandoned,
            "paths": dict(self._paths),
            "models": dict(self._models),
            "faults": dict(self._faults),
        }


def _bounded(counter: Counter[str], name: str) -> None:
    counter[name[:200] if name in counter or len(counter) < _MOST_NAMES else "other"] += 1
