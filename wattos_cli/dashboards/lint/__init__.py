"""The rules of grafana/dashboard-linter, held against a board's JSON."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wattos_cli.dashboards.lint import panels, targets, templates

Check = Callable[[Mapping[str, Any]], Iterator[str]]

RULES: Mapping[str, Check] = {
    "template-datasource-rule": templates.datasource,
    "template-job-rule": templates.job,
    "template-instance-rule": templates.instance,
    "template-label-promql-rule": templates.label_promql,
    "template-on-time-change-reload-rule": templates.reloaded_on_time_change,
    "panel-datasource-rule": panels.datasource,
    "panel-title-description-rule": panels.title_and_description,
    "panel-units-rule": panels.unit,
    "panel-no-targets-rule": panels.has_targets,
    "target-logql-rule": targets.no_logql,
    "target-logql-auto-rule": targets.logql_range,
    "target-promql-rule": targets.promql,
    "target-rate-interval-rule": targets.rate_interval,
    "target-job-rule": targets.job,
    "target-instance-rule": targets.instance,
    "target-counter-agg-rule": targets.counter_is_a_rate,
    "uneditable-dashboard": templates.uneditable,
}
"""Rule by its name there. Source: grafana/dashboard-linter, lint/rules.go; ours are as strict or stricter."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a board breaks a rule, and how."""

    board: str
    rule: str
    message: str


def lint(board: Mapping[str, Any]) -> list[Finding]:
    """Return every breach of a rule in a board's JSON."""
    uid = str(board.get("uid"))
    return [Finding(uid, name, message) for name, check in RULES.items() for message in check(board)]
