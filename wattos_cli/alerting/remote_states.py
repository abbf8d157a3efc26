"""What a Prometheus or an Alertmanager says of its alerts, as states like our own."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, get_args

from wattos_cli.alerting.states import AlertState, State

_STATES: Mapping[str, State] = {state: state for state in get_args(State)}


def of_prometheus(rules: Iterable[Mapping[str, Any]]) -> Iterator[AlertState]:
    """Yield the states of alerting rules as `/api/v1/rules` has them."""
    for rule in rules:
        severity = str((rule.get("labels") or {}).get("severity", ""))
        annotations = rule.get("annotations") or {}
        alerts = rule.get("alerts") or []
        if not alerts:
            yield AlertState(
                str(rule["name"]), "inactive", severity, runbook=str(annotations.get("runbook_url", ""))
            )
        for alert in alerts:
            yield _state(alert, str(alert.get("state")), alert.get("activeAt"), alert.get("value"))


def of_alertmanager(alerts: Iterable[Mapping[str, Any]]) -> Iterator[AlertState]:
    """Yield what an Alertmanager holds; all of it fires, and what is `muted` is told to nobody."""
    for alert in alerts:
        status = alert.get("status") or {}
        muted = status.get("state") == "suppressed"
        yield _state(alert, "firing", alert.get("startsAt"), None, muted=muted)


def _state(
    alert: Mapping[str, Any], state: str, since: Any, value: Any, *, muted: bool = False
) -> AlertState:
    labels = {str(name): str(text) for name, text in (alert.get("labels") or {}).items()}
    told = alert.get("annotations") or {}
    return AlertState(
        labels.pop("alertname", ""),
        _STATES.get(state, "inactive"),
        labels.get("severity", ""),
        labels,
        _number(value),
        _instant(since),
        summary=str(told.get("summary", "")),
        description=str(told.get("description", "")),
        runbook=str(told.get("runbook_url", "")),
        dashboard=str(told.get("dashboard_url", "")),
        muted=muted,
    )


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _instant(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
