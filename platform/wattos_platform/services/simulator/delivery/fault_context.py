"""What a fault is given to work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattos_platform.services.simulator.domain.reply import Head, Provider, Reply
from wattos_platform.services.simulator.domain.requests import Refusal


@dataclass(frozen=True, slots=True)
class FaultContext:
    """The answer as it would be, who gives it, and the time that one of its tokens takes, in seconds."""

    reply: Reply
    provider: Provider
    head: Head
    pause_s: float

    @property
    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self.head.created

    def error(self, refusal: Refusal) -> Mapping[str, Any]:
        """Return the body of an error of this provider."""
        return self.provider.error(refusal, self.head)
