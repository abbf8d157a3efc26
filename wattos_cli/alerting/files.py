"""Every generated file of the alerts, by its path below the folder `dashboards`."""

from wattos_cli.alerting import alertmanager, rule_tests, rules
from wattos_cli.alerting.alertmanager import Destinations
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.rules import Links
from wattos_cli.alerting.slo import SloBook, bundled_slos
from wattos_cli.alerting.yamlout import dumped


def rule_files(book: SloBook, time_scale: float = 1.0, links: Links | None = None) -> dict[str, str]:
    """Return what Prometheus loads, by file name; `time_scale` divides every window and `for`."""
    return {
        "prometheus/rules.yml": dumped(rules.recording_rules(book, time_scale)),
        "prometheus/alerts.yml": dumped(rules.alert_rules(book, time_scale, links)),
    }


def all_files() -> dict[str, str]:
    """Return every file that is committed, by its path."""
    return files_for(bundled_slos())


def files_for(
    book: SloBook, time_scale: float = 1.0, links: Links | None = None, to: Destinations | None = None
) -> dict[str, str]:
    """Return rules and routes for these objectives; tests only for the bundled ones, as they are."""
    files = {
        **rule_files(book, time_scale, links),
        "alertmanager/alertmanager.yml": dumped(alertmanager.configuration(to, time_scale)),
    }
    as_it_is = time_scale == 1 and links in (None, Links()) and book == bundled_slos()
    return {**files, **_tests(book)} if as_it_is else files


def _tests(book: SloBook) -> dict[str, str]:
    groups = [group["name"] for group in rules.recording_rules(book)["groups"]]
    return {
        f"prometheus/tests/{each.name}.yml": dumped(rule_tests.rule_test(each, groups)) for each in ALERTS
    }
