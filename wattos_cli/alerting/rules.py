"""Prometheus' rule files: recording rules of the objectives, and the alerts."""

from dataclasses import dataclass
from typing import Any

from wattos_cli.alerting import recording
from wattos_cli.alerting.alert import Alert, RuleContext
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.recording import RecordingRule
from wattos_cli.alerting.slo import SloBook

RUNBOOKS = "docs/runbooks"
GRAFANA = ""
ALERT_GROUP = "wattos"


@dataclass(frozen=True, slots=True)
class Links:
    """Where alerts point to: the folder or address of the runbooks, Grafana's address (empty: relative)."""

    runbooks: str = RUNBOOKS
    grafana: str = GRAFANA

    def board(self, uid: str) -> str:
        """Return the address of a dashboard."""
        return f"{self.grafana.rstrip('/')}/d/{uid}"


def recording_rules(book: SloBook, time_scale: float = 1.0) -> dict[str, Any]:
    """Return the content of rules.yml: a group per objective, and one for the budgets that are left."""
    context = RuleContext(book.thresholds, time_scale)
    groups = [
        {"name": f"slo-{slo.name}", "rules": [_recorded(rule) for rule in recording.rules_of(slo, context)]}
        for slo in book.slos
    ]
    left = [_recorded(recording.budget_left(slo, context)) for slo in book.slos]
    if left:
        groups.append({"name": "slo-budgets", "interval": context.span("5m"), "rules": left})
    return {"groups": groups}


def alert_rules(book: SloBook, time_scale: float = 1.0, links: Links | None = None) -> dict[str, Any]:
    """Return the content of alerts.yml."""
    context = RuleContext(book.thresholds, time_scale)
    links = links or Links()
    return {"groups": [{"name": ALERT_GROUP, "rules": [_alerting(each, context, links) for each in ALERTS]}]}


def annotations(alert: Alert, links: Links) -> dict[str, str]:
    """Return what an alert tells, as templates."""
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": alert.runbook(links.runbooks),
        "dashboard_url": links.board(alert.board),
    }


def _recorded(rule: RecordingRule) -> dict[str, Any]:
    return {"record": rule.record, "expr": rule.expression, "labels": rule.labels}


def _alerting(alert: Alert, context: RuleContext, links: Links) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression(context),
        **({"for": context.span(alert.for_)} if alert.for_ else {}),
        "labels": {"severity": str(alert.severity), "team": alert.team},
        "annotations": annotations(alert, links),
    }
