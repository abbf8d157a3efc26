"""Recording rules: what the objectives' alerts and dashboards read, once for all."""

from collections.abc import Iterator
from dataclasses import dataclass

from wattos_cli.alerting import burn
from wattos_cli.alerting.alert import RuleContext
from wattos_cli.alerting.slo import Slo
from wattos_cli.durations import duration_s, duration_text

OBJECTIVE = "slo:objective:ratio"
BUDGET_LEFT = "slo:error_budget_remaining:ratio"


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """One series that Prometheus computes: its name, expression and labels."""

    record: str
    expression: str
    labels: dict[str, str]


def rules_of(slo: Slo, context: RuleContext) -> Iterator[RecordingRule]:
    """Yield the objective, the burn rate over each window, and the events within each long window."""
    labels = {"slo": slo.name, "job": slo.service}
    yield RecordingRule(OBJECTIVE, f"vector({slo.objective:g})", labels)
    for window in burn.WINDOWS:
        ratio = slo.sli.error_ratio(context.span(window))
        yield RecordingRule(burn.burn_rate(window), f"({ratio}) / {slo.budget:g}", labels)
    for speed in burn.SPEEDS:
        span_s = duration_s(speed.long) / context.time_scale
        count = f"{slo.sli.events_per_s(context.span(speed.long))} * {span_s:g}"
        yield RecordingRule(burn.events(speed.long), count, labels)


def budget_left(slo: Slo, context: RuleContext) -> RecordingRule:
    """Return the share of the error budget that is left of the SLO's own window; below 0 it is overspent."""
    ratio = slo.sli.error_ratio(duration_text(slo.window_s / context.time_scale))
    return RecordingRule(
        BUDGET_LEFT, f"1 - ({ratio}) / {slo.budget:g}", {"slo": slo.name, "job": slo.service}
    )
