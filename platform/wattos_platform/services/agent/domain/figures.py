"""Key figures of a role: averages that are null, never NaN, where there is nothing to divide by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from wattos_platform.services.agent.domain.records import RunStatus


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the runs of a role; the sums but `counts` are over completed and failed runs."""

    counts: Mapping[RunStatus, int] = field(default_factory=dict)
    duration_s: float = 0.0
    cost_usd: Decimal = Decimal(0)
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """Averages per ended run; `success_rate` is between 0 and 1."""

    success_rate: float | None
    average_duration_s: float | None
    average_cost_usd: float | None
    average_steps: float | None


def figures(totals: Totals) -> Figures:
    """Return the averages of `totals`, all None when no run has ended; cancelled runs do not count."""
    completed = totals.counts.get(RunStatus.COMPLETED, 0)
    ended = completed + totals.counts.get(RunStatus.FAILED, 0)
    if ended == 0:
        return Figures(None, None, None, None)
    return Figures(
        success_rate=completed / ended,
        average_duration_s=totals.duration_s / ended,
        average_cost_usd=float(totals.cost_usd / ended),
        average_steps=totals.steps / ended,
    )
