"""All boards obey the rules of grafana/dashboard-linter, and each rule finds what breaks it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.build import built
from wattos_cli.dashboards.lint import RULES, lint

Json = dict[str, Any]


@pytest.mark.parametrize("board", ALL, ids=lambda board: board.uid)
@pytest.mark.parametrize("selector", ["", 'cluster="school"'])
def test_every_board_obeys_every_rule(board: Any, selector: str) -> None:
    assert lint(built(board, selector)) == []


def test_the_rules_are_the_seventeen_of_the_linter() -> None:
    assert len(RULES) == 17


def variable(board: Json, name: str) -> Json:
    return next(each for each in board["templating"]["list"] if each["name"] == name)


def first_panel(board: Json) -> Json:
    return next(panel for panel in board["panels"] if panel["type"] != "row")


def asks(expr: str, **more: Any) -> Callable[[Json], None]:
    return lambda board: first_panel(board)["targets"][0].update(expr=expr, **more)


def without(name: str) -> Callable[[Json], None]:
    def change(board: Json) -> None:
        board["templating"]["list"].remove(variable(board, name))

    return change


def of_variable(name: str, /, **changes: Any) -> Callable[[Json], None]:
    return lambda board: variable(board, name).update(changes)


def of_panel(**changes: Any) -> Callable[[Json], None]:
    return lambda board: first_panel(board).update(changes)


LOKI = {"type": "loki", "uid": "${datasource}"}
IN_SCOPE = 'job=~"$job", instance=~"$instance"'
BREACHES = [
    ("template-datasource-rule", without("datasource"), "no variable"),
    ("template-datasource-rule", of_variable("datasource", name="prom"), "called 'prom'"),
    ("template-datasource-rule", of_variable("datasource", label="prom"), "labelled 'prom'"),
    ("template-job-rule", without("job"), "no variable 'job'"),
    ("template-job-rule", of_variable("job", allValue=".*"), "allValue"),
    ("template-instance-rule", without("instance"), "no variable 'instance'"),
    ("template-instance-rule", of_variable("instance", multi=False), "multi"),
    ("template-instance-rule", of_variable("instance", datasource={"uid": "abc"}), "asks 'abc'"),
    ("template-label-promql-rule", of_variable("job", query="labels(up, job)"), "no function"),
    ("template-label-promql-rule", of_variable("job", query="label_values(up{, job)"), "in 'label_values"),
    ("template-on-time-change-reload-rule", of_variable("job", refresh=1), "not reloaded"),
    ("panel-datasource-rule", of_panel(datasource={"uid": "abc"}), "asks 'abc'"),
    ("panel-title-description-rule", of_panel(description=""), "lacks"),
    ("panel-title-description-rule", of_panel(title=""), "lacks"),
    ("panel-units-rule", of_panel(fieldConfig={"defaults": {"unit": "parsecs"}}), "'parsecs'"),
    ("panel-no-targets-rule", of_panel(targets=[]), "no query"),
    ("target-logql-rule", asks('{job="x"}', datasource=LOKI), "asks Loki"),
    ("target-logql-auto-rule", asks('rate({job="x"}[5m])', datasource=LOKI), "[5m]"),
    ("target-promql-rule", asks("sum("), "sum("),
    ("target-promql-rule", asks(""), "no query"),
    ("target-rate-interval-rule", asks(f"rate(x_total{{{IN_SCOPE}}}[5m])"), "$__rate_interval"),
    ("target-rate-interval-rule", asks(f"sum(irate(x_total{{{IN_SCOPE}}}[$__range]))"), "$__rate_interval"),
    ("target-job-rule", asks('up{instance=~"$instance"}'), "job"),
    ("target-job-rule", asks('up{job="$job", instance=~"$instance"}'), "job"),
    ("target-instance-rule", asks('up{job=~"$job"}'), "instance"),
    ("target-counter-agg-rule", asks(f"sum(x_total{{{IN_SCOPE}}})"), "x_total"),
    ("target-counter-agg-rule", asks(f"delta(x_total{{{IN_SCOPE}}}[$__rate_interval])"), "x_total"),
    ("uneditable-dashboard", lambda board: board.update(editable=True), "edited"),
]


@pytest.mark.parametrize(("rule", "change", "words"), BREACHES, ids=[f"{b[0]}-{b[2]}" for b in BREACHES])
def test_each_rule_finds_what_breaks_it(rule: str, change: Callable[[Json], None], words: str) -> None:
    board = copy.deepcopy(built(ALL[0]))
    change(board)
    found = [finding for finding in lint(board) if finding.rule == rule]
    assert found
    assert words in found[0].message
    assert found[0].board == board["uid"]


def test_each_rule_is_broken_by_a_test() -> None:
    assert {rule for rule, _change, _words in BREACHES} == set(RULES)


def test_an_increase_over_the_whole_range_is_allowed() -> None:
    board = built(ALL[0])
    asks(f"sum(increase(x_total{{{IN_SCOPE}}}[$__range]))")(board)
    assert lint(board) == []


def test_panels_of_collapsed_rows_are_read_too() -> None:
    board = built(ALL[0])
    panel = first_panel(board)
    panel["description"] = ""
    board["panels"] = [{"type": "row", "panels": [panel]}]
    assert [finding.rule for finding in lint(board)] == ["panel-title-description-rule"]
