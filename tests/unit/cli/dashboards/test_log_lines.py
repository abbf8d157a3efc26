"""The command lines that panels tell a reader to type are lines that wattos understands."""

import importlib
import shlex

import pytest

from wattos_cli.app import TREE
from wattos_cli.dashboards.boards import ALL
from wattos_cli.dispatch import quick
from wattos_cli.dispatch.globals import parameters_of
from wattos_cli.logstore.where import parse
from wattos_platform import catalog

LINES = sorted({panel.logs for board in ALL for panel in board.panels() if panel.logs})


def test_most_panels_that_show_trouble_name_a_line() -> None:
    assert len(LINES) > 20
    for board in ALL:
        assert any(panel.logs.startswith("wattos logs") for panel in board.panels()), board.uid


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_understood(line: str) -> None:
    program, *argv = shlex.split(line)
    assert program == "wattos"
    found = quick.route(argv, TREE)
    assert found is not None
    entry, rest, _before = found
    command = importlib.import_module(entry.module).command()
    values = quick.bind(parameters_of(command), rest)
    assert values is not None
    for condition in values.get("where") or []:
        parse(condition)
    assert set(values.get("services") or []) <= {service.name for service in catalog.SERVICES}
