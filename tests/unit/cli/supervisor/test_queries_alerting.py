"""Rules and alerts over the API: what a reader of Prometheus' API makes of them is what we evaluated."""

from pathlib import Path

import pytest

from tests.fakes.metrics.samples import labels
from tests.fakes.metrics.store import KeptMetrics
from wattos_cli.alerting import remote_states
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.evaluation import evaluate
from wattos_cli.alerting.slo import bundled_slos
from wattos_cli.metricstore.api.parameters import ApiError
from wattos_cli.metricstore.series import Series
from wattos_cli.supervisor.queries.alerting import ProjectAlerting

AT_MS = 1_700_000_000_000
TIMES = range(AT_MS - 3_600_000, AT_MS + 1, 5000)


def kept(value: float) -> KeptMetrics:
    up = labels("up", job="chat", instance="chat-0")
    return KeptMetrics([Series(up, TIMES, [value] * len(TIMES))])


def test_a_service_that_is_down_fires_in_both(tmp_path: Path) -> None:
    alerting = ProjectAlerting(tmp_path, {}, kept(0.0))
    (alert,) = (
        each for each in alerting.alerts(AT_MS)["alerts"] if each["labels"]["alertname"] == "ServiceDown"
    )
    assert (alert["state"], alert["labels"]["job"], alert["labels"]["severity"]) == (
        "firing",
        "chat",
        "critical",
    )
    assert alert["annotations"]["runbook_url"].endswith("ServiceDown.md")
    assert alert["activeAt"] < "2023-11-14T22:13:20Z"
    rules = [rule for group in alerting.rules(AT_MS)["groups"] for rule in group["rules"]]
    (rule,) = (each for each in rules if each["name"] == "ServiceDown")
    assert (rule["type"], rule["state"], rule["health"]) == ("alerting", "firing", "ok")
    assert alert in rule["alerts"]


def test_a_reader_of_prometheus_sees_the_states_that_we_evaluated(tmp_path: Path) -> None:
    source = kept(0.0)
    groups = ProjectAlerting(tmp_path, {}, source).rules(AT_MS)["groups"]
    rules = [rule for group in groups for rule in group["rules"] if rule["type"] == "alerting"]
    assert {rule["name"] for rule in rules} == {alert.name for alert in ALERTS}
    ours = evaluate(source, bundled_slos(), AT_MS)
    read = list(remote_states.of_prometheus(rules))
    assert sorted((each.name, each.state, str(each.labels)) for each in read) == sorted(
        (each.name, each.state, str(each.labels)) for each in ours
    )


def test_when_all_is_well_every_rule_is_there_and_none_has_raised_anything(tmp_path: Path) -> None:
    alerting = ProjectAlerting(tmp_path, {}, kept(1.0))
    assert alerting.alerts(AT_MS) == {"alerts": []}
    groups = alerting.rules(AT_MS)["groups"]
    recorded = [rule for group in groups for rule in group["rules"] if rule["type"] == "recording"]
    assert len(recorded) > len(bundled_slos().slos)
    assert all(rule["query"] and rule["name"].startswith("slo:") for rule in recorded)


def test_rules_that_cannot_be_read_are_an_answer_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text("alerts.slo_file = 'none.yaml'\n")
    with pytest.raises(ApiError, match="the rules cannot be read: "):
        ProjectAlerting(tmp_path, {}, kept(1.0)).rules(AT_MS)
