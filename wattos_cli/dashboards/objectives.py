"""What the platform promises, for the limits that boards draw: the figures of the alerts."""

from dataclasses import dataclass

from wattos_cli.dashboards.model import Limit


@dataclass(frozen=True, slots=True)
class Objectives:
    """Figures above which somebody should look; ratios from 0 to 1, times in seconds."""

    error_ratio: float = 0.01
    latency_s: float = 2.0
    model_error_ratio: float = 0.01
    first_token_s: float = 2.0
    cost_per_hour_usd: float = 100.0
    queue_age_s: float = 300.0
    write_queue_length: float = 500.0


def objectives() -> Objectives:
    """Return the objectives."""
    return Objectives()


def limits_of(value: float) -> tuple[Limit, ...]:
    """Return the limits of a figure that ought to stay below `value`: yellow at half of it."""
    return (Limit(value / 2, "yellow"), Limit(value, "red"))
