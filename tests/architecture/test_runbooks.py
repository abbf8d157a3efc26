"""Every alert has a runbook with the same four parts, and every runbook an alert."""

import re
from pathlib import Path

import pytest

from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.rules import RUNBOOKS

FOLDER = Path(__file__).resolve().parents[2] / RUNBOOKS
PARTS = ["Meaning", "First look", "Likely causes", "Mend"]


def test_every_alert_has_a_runbook_and_no_runbook_lacks_its_alert() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_runbook_says_what_it_means_where_to_look_first_and_what_to_do(alert) -> None:
    text = (FOLDER / f"{alert.name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {alert.name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    look = text.partition("## First look\n")[2].partition("## Likely")[0]
    assert re.search(r"^```sh\nwattos ", look, re.MULTILINE), "the first thing to type is a wattos command"


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_runbook_has_no_list_which_a_terminal_would_show_as_a_paragraph(alert) -> None:
    text = (FOLDER / f"{alert.name}.md").read_text(encoding="utf-8")
    prose = "".join(text.split("```")[::2])
    assert re.findall(r"^\s*(?:[-*+]|\d+[.)]) .*$", prose, re.MULTILINE) == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent(alert) -> None:
    assert alert.fires
    assert alert.silent
    assert all(case.fired for case in alert.fires)
    assert not any(case.fired for case in alert.silent)
