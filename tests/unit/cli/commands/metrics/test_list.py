"""`wattos metrics list`: every family with its type, unit, series and last value."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.schemas import published
from tests.fakes.metrics.filled_store import Scraped
from wattos_cli.app import execute
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.render import families

NOW = 1_700_000_000.0
SAID = {
    "http_requests_total": {"type": "counter", "help": "Requests answered.", "unit": ""},
    "http_request_duration_seconds": {"type": "histogram", "help": "Time.", "unit": ""},
    "queue_length": {"type": "gauge", "help": "Waiting\x1b[31m.", "unit": ""},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    scraped = Scraped(NOW)
    for number, queue in ((0, 3.0), (1, 5.5)):
        target = f"chat-{number}"
        scraped.add(target, "up", [1.0] * 3)
        scraped.add(target, "http_requests_total", [1.0, 2.0, 10.0 + number])
        scraped.add(target, "queue_length", [0.0, 0.0, queue])
        for bound in ("1.0", "+Inf"):
            scraped.add(target, "http_request_duration_seconds_bucket", [4.0] * 3, le=bound)
        scraped.add(target, "http_request_duration_seconds_sum", [9.0] * 3)
        scraped.add(target, "http_request_duration_seconds_count", [4.0] * 3)
    scraped.add("shop-0", "shop_orders", [7.0] * 3).add("shop-0", "shop_nan", [float("nan")] * 3)
    scraped.write(tmp_path)
    (tmp_path / ".wattos/metrics/chat-0/families.json").write_text(json.dumps(SAID))
    return tmp_path


def listed(root: Path, *argv: str, **given: Any) -> Any:
    deps = make_deps(cwd=root, **given)
    assert execute(["metrics", "list", *argv], deps=deps) == ExitCode.OK
    return deps


def test_a_row_for_each_family(root: Path) -> None:
    deps = listed(root)
    assert [row.split() for row in out(deps).splitlines()] == [
        ["NAME", "TYPE", "UNIT", "SERIES", "LAST", "MEANING"],
        ["http_request_duration_seconds", "histogram", "seconds", "8", "8", "Time."],
        ["http_requests_total", "counter", "-", "2", "21", "Requests", "answered."],
        ["queue_length", "gauge", "-", "2", "3..5.5", "Waiting\\x1b[31m."],
        ["shop_nan", "-", "-", "1", "-"],
        ["shop_orders", "-", "-", "1", "7"],
        [
            "up",
            "gauge",
            "-",
            "2",
            "1",
            "1",
            "when",
            "the",
            "target",
            "answered",
            "the",
            "last",
            "scrape,",
            "else",
            "0.",
        ],
    ]
    assert err(deps) == "6 metrics, 16 series at 2023-11-14T22:13:20.000Z\n"


def test_series_that_ended_are_not_in_the_figures_of_those_that_go_on(tmp_path: Path) -> None:
    gone = (
        Scraped(NOW - 60).add("chat-0", "up", [1.0] * 3).add("chat-0", "orders_total", [290.0] * 3, kind="a")
    )
    gone.add("chat-0", "visits_total", [5.0] * 3).write(tmp_path)
    Scraped(NOW).add("chat-0", "up", [1.0] * 3).add("chat-0", "orders_total", [8.0] * 3, kind="b").write(
        tmp_path
    )
    said = {name: {"type": "counter", "help": "", "unit": ""} for name in ("orders_total", "visits_total")}
    (tmp_path / ".wattos/metrics/chat-0/families.json").write_text(json.dumps(said))
    rows = json.loads(out(listed(tmp_path, "-o", "json")))["metrics"]
    assert {row["name"]: (row["series"], row["last"]) for row in rows} == {
        "orders_total": (1, 8), "up": (1, 1), "visits_total": (1, 5),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("http", ["http_request_duration_seconds", "http_requests_total"]),
        ("*_total", ["http_requests_total"]),
        ("shop_*", ["shop_nan", "shop_orders"]),
        ("nothing", []),
    ],
)
def test_a_pattern_chooses(root: Path, pattern: str, names: list[str]) -> None:
    shown = published(out(listed(root, pattern, "-o", "json")))
    assert [row["name"] for row in shown["metrics"]] == names


def test_json_has_numbers(root: Path) -> None:
    rows = {row["name"]: row for row in published(out(listed(root, "-o", "json")))["metrics"]}
    assert (rows["queue_length"]["last"], rows["queue_length"]["least"], rows["queue_length"]["most"]) == (
        None,
        3,
        5.5,
    )
    assert (rows["http_requests_total"]["last"], rows["shop_nan"]["last"]) == (21, None)


def test_eighty_columns_are_enough(root: Path) -> None:
    deps = make_deps(cwd=root, width=80, terminal=True)
    execute(["metrics", "list"], deps=deps)
    assert max(map(len, out(deps).splitlines())) <= 80


def test_a_long_name_leaves_no_room_for_meanings() -> None:
    long = {"name": "n" * 34, "type": "histogram", "unit": "seconds", "series": 462, "help": "Time of it."}
    rows = [{**long, "last": None, "least": 0.0014884, "most": 0.00467647}]
    narrow, wide = (families.as_table(rows, width=width, color=False).splitlines() for width in (80, 120))
    assert narrow[0].split() == ["NAME", "TYPE", "SERIES", "LAST"]
    assert max(map(len, narrow)) <= 80
    assert (wide[0].split()[-1], wide[1].endswith("Time of it.")) == ("MEANING", True)


def test_nothing_scraped_is_exit_4(tmp_path: Path) -> None:
    with pytest.raises(WattosError) as caught:
        execute(["metrics", "list"], deps=make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.UNREACHABLE
