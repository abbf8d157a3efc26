"""What boards ask for exists in the registry."""

import pytest

from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.build import built
from wattos_cli.dashboards.model import Board, Panel, Query, Row
from wattos_cli.dashboards.registered import unknown


@pytest.mark.parametrize("board", ALL, ids=lambda board: board.uid)
def test_every_metric_and_label_exists(board: Board) -> None:  # defect-37
    assert list(unknown(built(board))) == []
    with_selector = built(board, 'cluster="school"')
    assert list(unknown(with_selector, frozenset({"cluster"}))) == []
    assert any("has no label cluster" in each for each in unknown(with_selector))


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("sum(http_request_total{@})", "no service has the metric http_request_total"),
        ("http_request_duration_seconds{@}", "no service has the metric http_request_duration_seconds"),
        ('up{@, state="x"}', "up has no label state"),
        ('http_request_duration_seconds_sum{@, le="1"}', "has no label le"),
        ("sum by (rout) (http_requests_in_flight{@})", "nothing in it has the label rout"),
    ],
)
def test_what_does_not_exist_is_named(expr: str, words: str) -> None:
    panel = Panel("a", "b", "none", (Query(expr, ""),))
    (found,) = unknown(built(Board("wattos-x", "x", "x", (Row("r", (panel,)),))))
    assert found.startswith("panel 'a', query A: ")
    assert words in found
