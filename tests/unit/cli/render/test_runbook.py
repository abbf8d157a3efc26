"""Runbooks on a terminal."""

import pytest

from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.places import runbook
from wattos_cli.render.runbook import folded

PAGE = """# Alert
More than the SLO file allows (`error_rate`),
for five minutes; then: `wattos logs --level error`.

```sh
wattos metrics
```
| what you see | cause |
|---|---|
| 503 | the queue is full: [QueueFull](QueueFull.md) |
"""


def test_paragraphs_and_tables_fit_and_commands_stay_whole() -> None:
    assert folded(PAGE, 28).splitlines() == [
        "# Alert",
        "More than the SLO file",
        "allows (`error_rate`), for",
        "five minutes; then:",
        "`wattos logs --level error`.",
        "",
        "    wattos metrics",
        "WHAT YOU SEE  CAUSE",
        "503           the queue is",
        "              full:",
        "              QueueFull",
    ]


def test_a_cell_may_be_empty() -> None:
    lines = folded("| code | cause | more |\n|---|---|---|\n| | any | |\n| 503 | full |  |", 40).splitlines()
    assert [line.split() for line in lines] == [["CODE", "CAUSE", "MORE"], ["any"], ["503", "full"]]


def test_elsewhere_a_page_is_as_it_is_written() -> None:
    assert folded(PAGE, 0) == PAGE


@pytest.mark.parametrize("alert", [alert.name for alert in ALERTS])
def test_every_runbook_fits_eighty_columns(alert: str) -> None:
    page = runbook(alert)
    lines = folded(page, 80).splitlines()
    prose = [line for line in lines if not line.startswith("    ")]
    assert max(map(len, prose)) <= 80
    assert {line.strip() for line in page.splitlines() if line.startswith("wattos ")} <= set(
        map(str.strip, lines)
    )
