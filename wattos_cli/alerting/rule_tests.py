"""promtool's unit tests of the alerts, from their cases: one file per alert."""

import re
from collections.abc import Sequence
from typing import Any

from wattos_cli.alerting.alert import Alert, Case, Fired, RuleContext
from wattos_cli.alerting.rules import ALERT_GROUP, Links, annotations

_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
_VALUE = re.compile(r"\{\{ \$value[^}]*\}\}")


def rule_test(alert: Alert, recording_groups: Sequence[str]) -> dict[str, Any]:
    """Return the test file of `alert`: every case in which it fires, then those in which it stays silent.

    `recording_groups` are evaluated first; only an alert that reads what they record waits for them.
    """
    reads = "slo:" in alert.expression(RuleContext())
    files = ["../rules.yml", "../alerts.yml"] if reads else ["../alerts.yml"]
    return {
        "rule_files": files,
        "evaluation_interval": alert.fires[0].every,
        "group_eval_order": [*(recording_groups if reads else ()), ALERT_GROUP],
        "tests": [_test(alert, case) for case in (*alert.fires, *alert.silent)],
    }


def _test(alert: Alert, case: Case) -> dict[str, Any]:
    return {
        "name": f"{alert.name} {'fires' if case.fired else 'stays silent'}: {case.what}",
        "interval": case.every,
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [
            {
                "alertname": alert.name,
                "eval_time": case.at,
                "exp_alerts": [_expected(alert, fired) for fired in case.fired],
            }
        ],
    }


def _expected(alert: Alert, fired: Fired) -> dict[str, Any]:
    return {
        "exp_labels": {"severity": str(alert.severity), "team": alert.team, **fired.labels},
        "exp_annotations": {
            name: filled(text, fired.labels, fired.shown)
            for name, text in annotations(alert, Links()).items()
        },
    }


def filled(template: str, labels: dict[str, str] | Any, shown: str) -> str:
    """Return a template with the labels put in, and `shown` for the value."""
    text = _LABEL.sub(lambda match: labels.get(match[1], ""), template)
    return _VALUE.sub(lambda _: shown, text)
