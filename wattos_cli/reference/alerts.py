"""docs/reference/alerts.md: every alert with its condition, and every objective of the bundled SLO file."""

from wattos_cli.alerting.alert import Alert, RuleContext
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.slo import Slo, bundled_slos

_DAY_S = 86_400


def markdown() -> str:
    """Return the page without its first line."""
    book = bundled_slos()
    context = RuleContext(book.thresholds)
    return "\n".join(
        [
            "# Alerts",
            "",
            "The table of alerts, with the thresholds of `dashboards/slo.yaml`. The runbook says what to do.",
            "",
            "| alert | severity | team | waits | what it tells |",
            "|---|---|---|---|---|",
            *(_row(alert) for alert in ALERTS),
            "",
            "## Objectives",
            "",
            "| objective | service | promise | window | meaning |",
            "|---|---|---|---|---|",
            *(_promise(slo) for slo in book.slos),
            "",
            "## Conditions",
            "",
            *(_condition(alert, context) for alert in ALERTS),
        ]
    )


def _row(alert: Alert) -> str:
    link = f"[{alert.name}](../runbooks/{alert.name}.md)"
    return f"| {link} | {alert.severity} | {alert.team} | {alert.for_ or '-'} | `{alert.summary}` |"


def _promise(slo: Slo) -> str:
    within = f" within {slo.threshold_s:g} s" if slo.threshold_s else ""
    promise = f"{slo.objective * 100:g} %{within}"
    window = f"{slo.window_s / _DAY_S:g} d"
    return f"| `{slo.name}` | {slo.service} | {promise} | {window} | {slo.description} |"


def _condition(alert: Alert, context: RuleContext) -> str:
    return f"### {alert.name}\n\n```text\n{alert.expression(context)}\n```\n"
