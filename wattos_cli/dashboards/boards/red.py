"""Rate, errors and duration of requests, which several boards show."""

from typing import Any

from wattos_cli.alerting.sli import USERS
from wattos_cli.dashboards.boards.parts import graph, percentile, rate, share, stat
from wattos_cli.dashboards.model import Panel, Query

_COUNT, _TIME = "http_requests_total", "http_request_duration_seconds"
_FAILED = 'status=~"5.."'
_SHOW_FAILED = "wattos logs --where 'status >= 500' --since 15m"
_SHOW_SLOW = "wattos logs --where 'duration_ms > 2000' --since 15m"


def requests_now(**more: Any) -> Panel:
    """Return the figure of requests a second."""
    return stat(
        "Requests",
        "Requests answered a second, by all services together; probes are not counted here or below.",
        "reqps",
        Query(rate(_COUNT, where=USERS), "all"),
        **more,
    )


def failed_now(**more: Any) -> Panel:
    """Return the figure of requests that fail."""
    return stat(
        "Failed",
        "Share of requests that ended with a status of 500 or above.",
        "percentunit",
        Query(share(_COUNT, of=USERS, where=_FAILED), "failed"),
        objective="error_ratio",
        logs=_SHOW_FAILED,
        **more,
    )


def latency_now(**more: Any) -> Panel:
    """Return the figure of the time within which nearly all are answered."""
    return stat(
        "Latency, p95",
        "95 of 100 requests are answered within this time, streams to their last byte.",
        "s",
        Query(percentile(0.95, _TIME, where=USERS), "p95"),
        objective="latency_s",
        logs=_SHOW_SLOW,
        **more,
    )


def requests_by_service(**more: Any) -> Panel:
    """Return the requests a second of each service."""
    return graph(
        "Requests by service",
        "Requests answered a second.",
        "reqps",
        Query(rate(_COUNT, "job", where=USERS), "{{job}}"),
        **more,
    )


def failed_by_service(**more: Any) -> Panel:
    """Return the share of requests that fail at each service."""
    return graph(
        "Failed by service",
        "Share of requests that ended with a status of 500 or above.",
        "percentunit",
        Query(share(_COUNT, "job", of=USERS, where=_FAILED), "{{job}}"),
        objective="error_ratio",
        logs=_SHOW_FAILED,
        **more,
    )


def latency_by_service(**more: Any) -> Panel:
    """Return the time within which each service answers nearly all."""
    return graph(
        "Latency by service, p95",
        "95 of 100 requests are answered within this time, streams to their last byte.",
        "s",
        Query(percentile(0.95, _TIME, "job", where=USERS), "{{job}}"),
        objective="latency_s",
        logs=_SHOW_SLOW,
        **more,
    )
