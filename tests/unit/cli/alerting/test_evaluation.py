"""Our engine over the very cases that promtool is given: the same alerts, the same words."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.fakes.metrics.alert_cases import START_MS, firing, own_labels
from tests.fakes.metrics.series import SeriesInMemory
from wattos_cli.alerting.alert import Alert, Case
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.evaluation import evaluate
from wattos_cli.alerting.slo import bundled_slos
from wattos_cli.alerting.states import in_order
from wattos_cli.alerting.templates import filled
from wattos_cli.errors import ExitCode, WattosError

CASES = [
    pytest.param(alert, case, id=f"{alert.name}-{case.what}")
    for alert in ALERTS
    for case in (*alert.fires, *alert.silent)
]


@pytest.mark.parametrize(("alert", "case"), CASES)
def test_an_alert_fires_here_when_it_fires_there(alert: Alert, case: Case) -> None:
    told = [(own_labels(state), state.description) for state in firing(alert, case)]
    assert told == [(dict(each.labels), _described(alert, each.labels, each.shown)) for each in case.fired]


def _described(alert: Alert, labels: Mapping[str, str], shown: str) -> str:
    return filled(re.sub(r"\{\{ \$value[^}]*\}\}", shown, alert.description), labels, 0.0)


def down(seconds: int) -> SeriesInMemory:
    """Return a service that has been down for so long, scraped every five seconds for an hour."""
    kept = SeriesInMemory()
    times = range(START_MS - 3_600_000, START_MS + 1, 5000)
    samples = [(at_ms, 0.0 if START_MS - at_ms <= seconds * 1000 else 1.0) for at_ms in times]
    kept.add((("__name__", "up"), ("instance", "chat-0"), ("job", "chat")), samples)
    return kept


@pytest.mark.parametrize(("seconds", "state"), [(30, "pending"), (90, "firing"), (3000, "firing")])
def test_a_state_says_since_when(seconds: int, state: str) -> None:
    alerts = [alert for alert in ALERTS if alert.name == "ServiceDown"]
    (found,) = evaluate(down(seconds), bundled_slos(), START_MS, alerts=alerts)
    assert (found.state, found.labels["job"], found.value) == (state, "chat", 0)
    assert found.since_s is not None
    assert 0 <= found.since_s - (START_MS / 1000 - seconds) <= 300 if seconds > 900 else True
    if seconds < 900:
        assert 0 <= found.since_s - (START_MS / 1000 - seconds) <= 15
    assert found.summary == "chat is down"
    assert found.runbook.endswith("ServiceDown.md")


def test_without_a_sample_every_alert_is_inactive() -> None:
    states = evaluate(SeriesInMemory(), bundled_slos(), START_MS)
    assert [state.name for state in states] == [alert.name for alert in ALERTS]
    assert {state.state for state in states} == {"inactive"}


def test_a_time_scale_shortens_the_waits() -> None:
    alerts = [alert for alert in ALERTS if alert.name == "ServiceDown"]
    (found,) = evaluate(down(5), bundled_slos(), START_MS, time_scale=60, alerts=alerts)
    assert found.state == "firing"


def test_the_worst_comes_first() -> None:
    states = evaluate(down(90), bundled_slos(), START_MS)
    assert [state.name for state in in_order(states)][:2] == ["ServiceDown", "BudgetBurnFast"]


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("{{ $value | humanize }}", 0, "0"),
        ("{{ $value | humanize }}", 1234, "1.234k"),
        ("{{ $value | humanize }}", 0.0021, "2.1m"),
        ("{{ $value | humanize }}", float("inf"), "inf"),
        ("{{ $value | humanizeDuration }}", 0.25, "250ms"),
        ("{{ $value | humanizeDuration }}", 1.5, "1.5s"),
        ("{{ $value | humanizeDuration }}", 240, "4m 0s"),
        ("{{ $value | humanizeDuration }}", 7500, "2h 5m 0s"),
        ("{{ $value | humanizeDuration }}", 90_061, "1d 1h 1m 1s"),
        ("{{ $value | humanizePercentage }}", 0.125, "12.5%"),
        ("{{ $value }} of {{ $labels.job }}{{ $labels.none }}", 3, "3 of chat"),
    ],
)
def test_figures_are_written_as_prometheus_writes_them(template: str, value: float, expected: str) -> None:
    assert filled(template, {"job": "chat"}, value) == expected


def test_an_alert_that_has_no_answer_is_named() -> None:
    kept = down(90)
    kept.add((("__name__", "up"), ("instance", "chat-1"), ("job", "chat")), [(START_MS, 1.0)])
    alert = replace(ALERTS[0], expression=lambda _: "up * on (job) up")
    with pytest.raises(WattosError, match="the alert ServiceDown cannot be evaluated: ") as caught:
        evaluate(kept, bundled_slos(), START_MS, alerts=[alert])
    assert caught.value.exit_code == ExitCode.NO
