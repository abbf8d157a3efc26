"""What the platform promises, for the limits that boards draw: the SLO file that alerts are made from."""

from collections.abc import Mapping

from wattos_cli.alerting.sli import Indicator
from wattos_cli.alerting.slo import SloBook
from wattos_cli.dashboards.model import Limit, Objective


def objectives(book: SloBook) -> Mapping[Objective, float]:
    """Return the figures that `book` wants things to stay below; ratios from 0 to 1, times in seconds.

    Where it makes no promise about the gateway or the model gateway, the thresholds of alerts stand in.
    """
    thresholds = book.thresholds
    latency = book.of("gateway", Indicator.LATENCY)
    first_token = book.of("llm-gateway", Indicator.TIME_TO_FIRST_TOKEN)
    models = book.of("llm-gateway", Indicator.AVAILABILITY)
    latency_s = (latency and latency.threshold_s) or thresholds.response_time_p95_s
    return {
        "error_ratio": thresholds.error_rate,
        "latency_s": latency_s,
        "model_error_ratio": models.budget if models else thresholds.error_rate,
        "first_token_s": (first_token and first_token.threshold_s) or latency_s,
        "cost_per_hour_usd": thresholds.llm_cost_per_hour_usd,
        "refused_ratio": thresholds.refused_rate,
        "queue_age_s": thresholds.queue_age_s,
        "write_queue_length": thresholds.write_queue_length,
    }


def limits_of(value: float) -> tuple[Limit, ...]:
    """Return the limits of a figure that ought to stay below `value`: yellow at half of it."""
    return (Limit(value / 2, "yellow"), Limit(value, "red"))
