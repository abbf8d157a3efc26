"""Every generated file of the alerts, by its path below the folder `dashboards`."""

from wattos_cli.alerting import alertmanager, rule_tests, rules
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.rules import Links
from wattos_cli.alerting.slo import SloBook
from wattos_cli.alerting.yamlout import dumped


def rule_files(book: SloBook, time_scale: float = 1.0, links: Links | None = None) -> dict[str, str]:
    """Return what Prometheus loads, by file name; `time_scale` divides every window and `for`."""
    return {
        "prometheus/rules.yml": dumped(rules.recording_rules(book, time_scale)),
        "prometheus/alerts.yml": dumped(rules.alert_rules(book, time_scale, links)),
    }


def all_files(book: SloBook) -> dict[str, str]:
    """Return every file that is committed, by its path."""
    groups = [group["name"] for group in rules.recording_rules(book)["groups"]]
    tests = {
        f"prometheus/tests/{each.name}.yml": dumped(rule_tests.rule_test(each, groups)) for each in ALERTS
    }
    routes = {"alertmanager/alertmanager.yml": dumped(alertmanager.configuration())}
    return {**rule_files(book), **routes, **tests}
