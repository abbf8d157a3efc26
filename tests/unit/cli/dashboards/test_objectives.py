"""Limits on boards are the figures of the SLO file that alerts are made from."""

from typing import Any

import pytest

from wattos_cli.alerting.slo import SloBook, Thresholds, bundled_slos, parse_slos
from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.build import built
from wattos_cli.dashboards.objectives import limits_of, objectives

SLOS = """
schema: wattos.slo/v1
thresholds:
  error_rate: 20%
  write_queue_length: 77
slos:
  - name: gateway-latency
    service: gateway
    indicator: latency
    threshold: 2.5s
    objective: 99%
  - name: models
    service: llm-gateway
    indicator: availability
    objective: 90%
"""


def steps_of(book: SloBook, uid: str, title: str) -> list[tuple[Any, str]]:
    board = next(board for board in ALL if board.uid == uid)
    panel = next(panel for panel in built(board, "", book)["panels"] if panel["title"] == title)
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [(step["value"], step["color"]) for step in steps]


@pytest.mark.parametrize(
    ("uid", "title", "red"),
    [
        ("wattos-overview", "Failed", 0.2),
        ("wattos-overview", "Latency by service, p95", 2.5),
        ("wattos-llm", "Failed", 0.1),
        ("wattos-llm", "Time to first token", 2.5),
        ("wattos-storage", "Units of work waiting", 77),
    ],
)
def test_a_panel_turns_red_where_the_file_says(uid: str, title: str, red: float) -> None:
    book = parse_slos("slo.yaml", SLOS)
    assert steps_of(book, uid, title) == [(None, "green"), (red / 2, "yellow"), (red, "red")]


def test_without_promises_the_thresholds_of_alerts_stand_in() -> None:
    figures = objectives(SloBook(thresholds=Thresholds(error_rate=0.3, response_time_p95_s=4.0)))
    assert (figures["latency_s"], figures["first_token_s"], figures["model_error_ratio"]) == (4.0, 4.0, 0.3)


def test_every_objective_is_on_a_board() -> None:
    assert {panel.objective for board in ALL for panel in board.panels()} - {""} == set(objectives(SloBook()))


def test_limits_are_drawn_for_what_travels_with_the_program() -> None:
    limit = bundled_slos().thresholds.error_rate
    assert [step.value for step in limits_of(limit)] == [limit / 2, limit]
