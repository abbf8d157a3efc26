"""What the platform's own metrics tell of the time of a load test, asked of the store after the run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wattos_cli.alerting.sli import USERS
from wattos_cli.clients.fan_out import ask_all
from wattos_cli.deps import BadQueryError, FailedQueryError, Metrics
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.result.seen import ServerChart, ServerSeries
from wattos_cli.metricstore.rate_window import rate_window_s

_TIMEOUT_S = 10.0
_LEAST_STEP_S, _POINTS = 5.0, 120
_SERIES_KEPT = 12


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart; `label` names the label that tells its series apart, or is the text of its only series.

    `$rate` and `$window` in `expression` stand for how what counts up is looked at.
    """

    title: str
    unit: str
    label: str
    expression: str


def _rate(metric: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) ($rate({metric}{{{where}}}[$window]))"


def _p95(metric: str, by: str, where: str = "") -> str:
    return f"histogram_quantile(0.95, {_rate(f'{metric}_bucket', f'{by}, le', where)}) * 1000"


PANELS = (
    Panel("Requests", "/s", "job", _rate("http_requests_total", "job", USERS)),
    Panel("Answers with 5xx", "/s", "job", _rate("http_requests_total", "job", f'{USERS},status=~"5.."')),
    Panel("Latency p95", "ms", "job", _p95("http_request_duration_seconds", "job", USERS)),
    Panel("Model calls", "/s", "provider", _rate("llm_calls_total", "provider")),
    Panel("Time to first token p95", "ms", "provider", _p95("llm_time_to_first_token_seconds", "provider")),
    Panel("Requests in flight", "", "job", "sum by (job) (http_requests_in_flight)"),
    Panel("Waiting for the database's writer", "", "job", "max by (job) (db_write_queue_length)"),
    Panel("Refused by limits", "/s", "job", _rate("rate_limit_decisions_total", "job", 'decision="refused"')),
    Panel("Processor", "cores", "job", _rate("process_cpu_seconds_total", "job")),
)  # fmt: skip


def charts(
    metrics: Metrics, start_s: float, end_s: float, *, scrape_s: float, timeout_s: float = _TIMEOUT_S
) -> tuple[list[ServerChart], str]:
    """Return `server` of the result and "", or why some of it is missing; times are epoch seconds.

    A scrape comes every `scrape_s`. All panels are asked at once and within seconds, whatever answers.
    """
    step_s = max(_LEAST_STEP_S, math.ceil((end_s - start_s) / _POINTS))

    def ask(panel: Panel) -> ServerChart | str:
        try:
            answer = metrics.range(_looked_at(panel.expression, step_s, scrape_s), start_s, end_s, step_s)
        except (BadQueryError, FailedQueryError) as error:
            return f"{panel.title}: {error}"
        except WattosError as error:
            return error.message
        return ServerChart(panel.title, panel.unit, _series(panel, answer.result, start_s))

    found = ask_all(PANELS, ask, timeout_s)
    told = sorted({one for one in found if isinstance(one, str)})
    if any(one is None for one in found):
        told.append(f"no answer within {timeout_s:g} s")
    problem = f"metrics of the platform are missing: {'; '.join(told)}" if told else ""
    return [one for one in found if isinstance(one, ServerChart) and one.series], problem


def _looked_at(expression: str, step_s: float, scrape_s: float) -> str:
    """Return the expression for points so far apart: from scrape to scrape where each has its own.

    Over a longer time, the idle time before a run would be in the figures of its beginning.
    """
    window_s = rate_window_s(scrape_s)
    rate, window_s = ("irate", window_s) if step_s == _LEAST_STEP_S else ("rate", max(window_s, step_s))
    return expression.replace("$rate", rate).replace("$window", f"{math.ceil(window_s)}s")


def _series(panel: Panel, result: Sequence[Any], start_s: float) -> list[ServerSeries]:
    """Return the series that are anything but nothing all the time, the largest first."""
    series = [
        ServerSeries(
            label=str(row["metric"].get(panel.label, panel.label)),
            points=[(round(at_s - start_s, 3), _number(value)) for at_s, value in row["values"]],
        )
        for row in result
    ]
    told = [one for one in series if any(value for _, value in one.points)]
    return sorted(told, key=lambda one: -max(value or 0.0 for _, value in one.points))[:_SERIES_KEPT]


def _number(text: str) -> float | None:
    value = float(text)
    return float(f"{value:.6g}") if math.isfinite(value) else None
