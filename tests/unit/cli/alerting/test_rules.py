"""The generated rules: what they hold at any scale, and that the committed files are current."""

import pytest
import yaml
from promql_parser import parse

from wattos_cli.alerting.alert import RuleContext
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.files import rule_files
from wattos_cli.alerting.rules import Links
from wattos_cli.alerting.slo import bundled_slos
from wattos_cli.alerting.windows import scaled

FIVE = {"ServiceDown", "HighErrorRate", "HighResponseTime", "HighLLMCost", "LowCacheHitRate"}


def test_the_five_alerts_of_old_are_there() -> None:
    assert {alert.name for alert in ALERTS} >= FIVE
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)


def test_a_time_scale_divides_every_window_and_every_wait() -> None:
    files = rule_files(bundled_slos(), 60)
    for group in yaml.safe_load(files["prometheus/alerts.yml"])["groups"]:
        waits = {rule["alert"]: rule.get("for") for rule in group["rules"]}
    assert (waits["ServiceDown"], waits["BudgetBurnCreeping"], waits["CostUnknown"]) == ("1s", "3m", None)
    assert "[5s]" in files["prometheus/rules.yml"]
    assert "[5m]" not in files["prometheus/alerts.yml"]
    assert "offset 1m" in files["prometheus/alerts.yml"]


@pytest.mark.parametrize(
    ("span", "scale", "expected"),
    [("5m", 1, "5m"), ("5m", 60, "5s"), ("3d", 60, "72m"), ("1s", 60, "17ms"), ("1ms", 9, "1ms")],
)
def test_spans_are_written_as_promql_does(span: str, scale: float, expected: str) -> None:
    assert scaled(span, scale) == expected


def test_every_expression_is_promql() -> None:
    for name, text in rule_files(bundled_slos()).items():
        for group in yaml.safe_load(text)["groups"]:
            for rule in group["rules"]:
                assert parse(rule["expr"]), f"{name}: {rule}"


def test_links_lead_where_the_caller_says() -> None:
    text = rule_files(bundled_slos(), links=Links("https://docs.example/runbooks/", "https://g.example/"))
    assert "runbook_url: https://docs.example/runbooks/ServiceDown.md" in text["prometheus/alerts.yml"]
    assert "dashboard_url: https://g.example/d/wattos-overview" in text["prometheus/alerts.yml"]


def test_a_threshold_of_the_slo_file_is_the_alerts() -> None:
    context = RuleContext()
    (alert,) = [alert for alert in ALERTS if alert.name == "HighLLMCost"]
    assert alert.expression(context).endswith("> 100")
