"""Rules and alerts of a project in the shape of Prometheus' API: the same that `wattos alerts` evaluates."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from wattos_cli.alerting import rules
from wattos_cli.alerting.evaluation import evaluate
from wattos_cli.alerting.slo import SloBook, slos_of
from wattos_cli.alerting.states import AlertState
from wattos_cli.config import Config, load
from wattos_cli.durations import duration_s
from wattos_cli.errors import WattosError
from wattos_cli.logstore.instants import rfc3339
from wattos_cli.metricstore import wire
from wattos_cli.metricstore.api.parameters import ApiError
from wattos_cli.metricstore.series import Source


class ProjectAlerting:
    """Evaluates the alerts of the project at `root` over `source`, when it is asked."""

    def __init__(self, root: Path, environ: Mapping[str, str], source: Source) -> None:
        self._root = root
        self._environ = environ
        self._source = source

    def rules(self, at_ms: int) -> dict[str, Any]:
        """Return all groups; alerting rules with what they have raised."""
        config, book = self._book()
        scale = float(config.setting("alerts.time_scale").value)
        by_name: dict[str, list[AlertState]] = {}
        for state in self._states(book, at_ms, scale):
            by_name.setdefault(state.name, []).append(state)
        interval_s, at = config.scrape_interval_s, rfc3339(at_ms / 1000)
        recorded = rules.recording_rules(book, scale)["groups"]
        alerts = rules.alert_rules(book, scale)["groups"]
        return {
            "groups": [
                *(
                    _group(each, interval_s, at, [_recording(rule, at) for rule in each["rules"]])
                    for each in recorded
                ),
                *(
                    _group(each, interval_s, at, [_alerting(rule, by_name, at) for rule in each["rules"]])
                    for each in alerts
                ),
            ]
        }

    def alerts(self, at_ms: int) -> dict[str, Any]:
        """Return what is pending or fires."""
        config, book = self._book()
        scale = float(config.setting("alerts.time_scale").value)
        return {"alerts": _raised(self._states(book, at_ms, scale))}

    def _states(self, book: SloBook, at_ms: int, scale: float) -> Sequence[AlertState]:
        return evaluate(self._source, book, at_ms, time_scale=scale)

    def _book(self) -> tuple[Config, SloBook]:
        try:
            config = load(self._root, self._environ)
            return config, slos_of(config)
        except WattosError as error:
            message = f"the rules cannot be read: {error.message}"
            raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message) from None


def _group(
    group: Mapping[str, Any], interval_s: float, at: str, made: list[dict[str, Any]]
) -> dict[str, Any]:
    own = group.get("interval")
    return {
        "name": group["name"],
        "file": "wattos",
        "interval": duration_s(own) if own else interval_s,
        "limit": 0,
        "rules": made,
        "evaluationTime": 0,
        "lastEvaluation": at,
    }


def _recording(rule: Mapping[str, Any], at: str) -> dict[str, Any]:
    return {
        "type": "recording",
        "name": rule["record"],
        "query": rule["expr"],
        "labels": rule["labels"],
        "health": "ok",
        "evaluationTime": 0,
        "lastEvaluation": at,
    }


def _alerting(
    rule: Mapping[str, Any], by_name: Mapping[str, Sequence[AlertState]], at: str
) -> dict[str, Any]:
    raised = _raised(by_name.get(rule["alert"], ()))
    states = {alert["state"] for alert in raised}
    return {
        "type": "alerting",
        "name": rule["alert"],
        "query": rule["expr"],
        "duration": duration_s(rule["for"]) if "for" in rule else 0,
        "keepFiringFor": 0,
        "labels": rule["labels"],
        "annotations": rule["annotations"],
        "alerts": raised,
        "state": "firing" if "firing" in states else "pending" if states else "inactive",
        "health": "ok",
        "evaluationTime": 0,
        "lastEvaluation": at,
    }


def _raised(states: Iterable[AlertState]) -> list[dict[str, Any]]:
    return [
        {
            "labels": {"alertname": state.name, **state.labels},
            "annotations": {
                "summary": state.summary,
                "description": state.description,
                "runbook_url": state.runbook,
                "dashboard_url": state.dashboard,
            },
            "state": state.state,
            "activeAt": rfc3339(state.since_s or 0.0),
            "value": wire.number(state.value or 0.0),
        }
        for state in states
        if state.state != "inactive"
    ]
