"""The cases of an alert prove it: whatever part of the alert is taken away or moved, one of them fails."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.fakes.metrics.alert_cases import fired
from wattos_cli.alerting.alert import Alert, RuleContext
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.slo import bundled_slos

SCENE = RuleContext(bundled_slos().thresholds)
_JOINED = re.compile(r"^(and|or|unless)\b")
_LIMIT = re.compile(r"(>=|<|>) ([\d.]+)$", re.MULTILINE)
_ROUTES = re.compile(r'route!~"[^"]*",?')
# Where the exact figure is a matter of taste, as long as there is one.
_GUARD = f">= {SCENE.thresholds.min_events}"


def variants(alert: Alert) -> Iterator[tuple[str, Alert]]:
    """Yield the alert with one part of it changed, and what was changed."""
    expression = alert.expression(SCENE)
    lines = expression.split("\n")
    if alert.for_:
        yield "no wait", replace(alert, for_="")
    if _ROUTES.search(expression):
        yield "every route", _with(alert, _ROUTES.sub("", expression))
    for place, line in enumerate(lines):
        if _JOINED.match(line):
            yield f"without: {line}", _with(alert, "\n".join(lines[:place] + lines[place + 1 :]))
    for match in _LIMIT.finditer(expression):
        for factor in (0.45, 2.2):
            if float(match[2]) and not (match[0] == _GUARD and factor > 1):
                moved = f"{match[1]} {float(match[2]) * factor:g}"
                changed = expression[: match.start()] + moved + expression[match.end() :]
                yield f"{match[0]} becomes {moved}", _with(alert, changed)


def _with(alert: Alert, expression: str) -> Alert:
    return replace(alert, expression=lambda _: expression)


CHANGED = [
    pytest.param(alert, changed, id=f"{alert.name}-{what}")
    for alert in ALERTS
    for what, changed in variants(alert)
]


@pytest.mark.parametrize(("alert", "changed"), CHANGED)
def test_a_changed_alert_breaks_one_of_its_cases(alert: Alert, changed: Alert) -> None:
    cases = (*alert.fires, *alert.silent)
    assert any(fired(changed, case) != [dict(each.labels) for each in case.fired] for case in cases)
