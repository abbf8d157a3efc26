"""The boards as a whole: layout, links, scope, and what is committed."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.boards.names import TITLES
from wattos_cli.dashboards.build import built
from wattos_cli.dashboards.checks import of_files
from wattos_cli.dashboards.files import all_files
from wattos_cli.dashboards.model import COLUMNS, Board
from wattos_cli.dashboards.scope import SelectorError, labels_of, scoped, substituted

ROOT = Path(__file__).resolve().parents[4]
BOARDS = pytest.mark.parametrize("board", ALL, ids=lambda board: board.uid)


def problems(folder: Path, files: dict[str, str]) -> dict[str, str]:
    return {each.name: each.problem for each in of_files(folder, Path(), files) if each.problem}


def test_what_is_committed_is_up_to_date() -> None:
    assert problems(ROOT / "dashboards", all_files()) == {}, "run `make docs`"


@BOARDS
def test_panels_fill_their_lines_and_nothing_overlaps(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    lines: dict[int, int] = {}
    for panel in built(board)["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        lines[at["y"]] = lines.get(at["y"], 0) + at["w"]
    assert set(lines.values()) == {COLUMNS}
    assert taken == {(x, y) for x in range(COLUMNS) for y in range(max(y for _, y in taken) + 1)}


@BOARDS
def test_numbers_and_uid_are_what_grafana_takes(board: Board) -> None:
    whole = built(board)
    assert "id" not in whole
    assert len(whole["uid"]) <= 40
    numbers = [panel["id"] for panel in whole["panels"]]
    assert len(numbers) == len(set(numbers))
    titles = [panel.title for panel in board.panels()]
    assert len(titles) == len(set(titles))


def test_every_query_keeps_to_the_scope_and_the_selector() -> None:
    for board in ALL:
        for panel in board.panels():
            for query in panel.queries:
                expr = scoped(query.expr, 'cluster="school"')
                assert "{@" not in expr
                assert expr.count('cluster="school"') == expr.count('job=~"$job"') > 0
                assert expr.count('cluster="school"') == expr.count("{")
                assert "$" not in substituted(expr)


@pytest.mark.parametrize(
    "selector", ["cluster", 'a="b"} or {c="d"', 'a="b",', '{a="b"}', "a='b'", '"', 'a="']
)
def test_a_selector_that_is_no_list_of_matchers_is_refused(selector: str) -> None:
    with pytest.raises(SelectorError, match="not a list of label matchers"):
        scoped("up{@}", selector)


def test_the_labels_of_a_selector() -> None:
    assert labels_of('cluster="school", env=~"a=b|c", x!="y"') == {"cluster", "env", "x"}
    assert labels_of("") == frozenset()


def test_the_variables_substituted() -> None:
    expr = scoped("rate(x_total{@}[$__rate_interval])")
    assert substituted(expr) == 'rate(x_total{job=~".+", instance=~".+", namespace=~".*"}[1m])'
    chosen = substituted(expr, interval="20s", selected={"job": "chat|rag"})
    assert chosen == 'rate(x_total{job=~"chat|rag", instance=~".+", namespace=~".*"}[20s])'


def test_provisioning_is_what_grafana_and_kubernetes_read() -> None:
    files = all_files()
    provider = yaml.safe_load(files["grafana/provisioning/dashboards.yaml"])
    assert provider["apiVersion"] == 1
    assert provider["providers"][0]["type"] == "file"
    (source,) = yaml.safe_load(files["grafana/provisioning/datasource.yaml"])["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://127.0.0.1:3080")
    maps = list(yaml.safe_load_all(files["grafana/kubernetes/config-maps.yaml"]))
    held: dict[str, Any] = {}
    for each in maps:
        assert (each["kind"], each["metadata"]["labels"]) == ("ConfigMap", {"grafana_dashboard": "1"})
        held |= {f"grafana/{name}": json.loads(text) for name, text in each["data"].items()}
        assert sum(len(text.encode()) for text in each["data"].values()) < 1_000_000
    assert held == {name: json.loads(text) for name, text in files.items() if name.endswith(".json")}


def test_what_is_stale(tmp_path: Path) -> None:
    files = {"grafana/a.json": "a", "grafana/b.json": "b", "grafana/c.yaml": "c"}
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana" / "a.json").write_text("a")
    (tmp_path / "grafana" / "b.json").write_bytes(b"\xff")
    (tmp_path / "grafana" / "old.json").write_text("o")
    assert {name: problem.split(";")[0] for name, problem in problems(tmp_path, files).items()} == {
        "grafana/b.json": "is stale",
        "grafana/c.yaml": "is missing",
        "grafana/old.json": "is not generated any more",
    }


def test_every_board_that_has_a_title_is_there() -> None:
    assert {board.uid: board.title for board in ALL} == TITLES


@BOARDS
def test_links_lead_to_boards_and_take_time_and_variables_along(board: Board) -> None:
    whole = built(board)
    assert [(link["type"], link["tags"]) for link in whole["links"]] == [("dashboards", whole["tags"])]
    for panel in whole["panels"]:
        for link in panel.get("links", []):
            address, _, carried = link["url"].partition("?")
            assert address.removeprefix("/d/") in set(TITLES) - {board.uid}
            assert {"${__url_time_range}", "${job:queryparam}"} <= set(carried.split("&"))


def test_from_the_overview_every_board_is_a_link_away() -> None:
    linked = {uid for board in ALL for panel in board.panels() for uid in panel.see}
    assert linked | {ALL[0].uid} >= set(TITLES) - {"wattos-loadtest"}
