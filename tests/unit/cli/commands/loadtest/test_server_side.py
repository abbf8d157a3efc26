"""What the platform's own metrics tell of a load test's time."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.metrics.filled_store import Scraped
from wattos_cli.alerting.sli import USERS
from wattos_cli.commands.loadtest.target import server_side
from wattos_cli.commands.loadtest.target.server_side import PANELS, charts
from wattos_cli.deps import FailedQueryError, MetricAnswer
from wattos_cli.loadtest.result.seen import ServerChart, ServerSeries
from wattos_cli.metricstore.store.reader import Reader
from wattos_cli.metricstore.stored import StoredMetrics
from wattos_cli.project import Project
from wattos_platform.contracts.metrics import FAMILIES

BEGAN = 1_700_000_000.0
REQUESTS = f"http_requests_total{{{USERS}}}"


class Source:
    """Answers expressions that hold a given text; an exception is raised, a number of seconds slept."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, float, float, float]] = []

    def range(self, expression: str, start_s: float, end_s: float, step_s: float) -> MetricAnswer:
        self.asked.append((expression, start_s, end_s, step_s))
        found = next((value for text, value in self.answers.items() if text in expression), [])
        if isinstance(found, Exception):
            raise found
        if isinstance(found, float):
            time.sleep(found)
            return MetricAnswer("matrix", [])
        return MetricAnswer("matrix", found)

    def instant(self, expression: str, at_s: float) -> MetricAnswer:
        raise AssertionError(expression, at_s)

    def names(self, at_s: float) -> list[str]:
        raise AssertionError(at_s)


def series(job: str, *values: str) -> dict[str, Any]:
    return {
        "metric": {"job": job},
        "values": [[BEGAN + 5 * place, value] for place, value in enumerate(values)],
    }


def stored(root: Path) -> StoredMetrics:
    return StoredMetrics(Reader(Project(root).metrics_dir))


def test_charts_count_their_time_from_the_start_and_the_largest_comes_first() -> None:
    rows = [series("chat", "1", "NaN"), series("gateway", "2", "3.123456789"), series("rag", "0", "0")]
    found, problem = charts(Source({REQUESTS: rows}), BEGAN, BEGAN + 60, scrape_s=5.0)
    assert problem == ""
    assert found == [
        ServerChart(
            "Requests",
            "/s",
            [
                ServerSeries("gateway", [(0.0, 2.0), (5.0, 3.12346)]),
                ServerSeries("chat", [(0.0, 1.0), (5.0, None)]),
            ],
        )
    ]


@pytest.mark.parametrize(("length_s", "step_s"), [(10, 5), (60, 5), (3600, 30)])
def test_a_long_run_is_asked_in_longer_steps(length_s: float, step_s: float) -> None:
    source = Source({})
    charts(source, BEGAN, BEGAN + length_s, scrape_s=5.0)
    assert {asked[1:] for asked in source.asked} == {(BEGAN, BEGAN + length_s, step_s)}
    assert len(source.asked) == len(PANELS)


def test_what_counts_up_is_looked_at_from_scrape_to_scrape_and_probes_are_no_requests(tmp_path: Path) -> None:
    twelve_per_s = [0.0] * 20 + [60.0 * place for place in range(1, 4)]
    probes = [10.0 * place for place in range(23)]
    scraped = Scraped(BEGAN + 15)
    scraped.add("gateway-0", "up", [1.0] * 23)
    scraped.add("gateway-0", "http_requests_total", twelve_per_s, route="/v1/models", status="200")
    scraped.add("gateway-0", "http_requests_total", probes, route="/health/liveness", status="200")
    scraped.write(tmp_path)
    found, problem = charts(stored(tmp_path), BEGAN, BEGAN + 15, scrape_s=5.0)
    assert (problem, [chart.title for chart in found]) == ("", ["Requests"])
    points = [(0.0, 0.0), (5.0, 12.0), (10.0, 12.0), (15.0, 12.0)]
    assert found[0].series == [ServerSeries("gateway", points)]


def test_points_that_are_far_apart_leave_nothing_out() -> None:
    source = Source({})
    for length_s, scrape_s in ((3600, 5.0), (900, 5.0), (900, 15.0)):
        charts(source, BEGAN, BEGAN + length_s, scrape_s=scrape_s)
    asked = [expression for expression, *_ in source.asked if "llm_calls_total" in expression]
    assert asked == [f"sum by (provider) (rate(llm_calls_total{{}}[{span}s]))" for span in (30, 20, 45)]


@pytest.mark.parametrize("scrape_s", [5.0, 15.0, 20.0, 60.0])
def test_what_is_scraped_seldom_is_drawn_without_gaps(tmp_path: Path, scrape_s: float) -> None:
    scraped = Scraped(BEGAN + 300, scrape_s).add("chat-0", "up", [1.0] * 90)
    scraped.add("chat-0", "process_cpu_seconds_total", [scrape_s / 4 * place for place in range(90)])
    scraped.write(tmp_path)
    found, problem = charts(stored(tmp_path), BEGAN, BEGAN + 300, scrape_s=scrape_s)
    assert (problem, [chart.title for chart in found]) == ("", ["Processor"])
    points = [(5.0 * place, 0.25) for place in range(61)]
    assert found[0].series == [ServerSeries("chat", points)]


def test_a_process_that_began_anew_took_no_negative_time(tmp_path: Path) -> None:
    spent = [100.0, 101.0, 102.0, 0.5, 1.5, 2.5]
    scraped = Scraped(BEGAN + 20).add("chat-0", "up", [1.0] * 6)
    scraped.add("chat-0", "process_cpu_seconds_total", spent).write(tmp_path)
    ((chart,), _) = charts(stored(tmp_path), BEGAN, BEGAN + 20, scrape_s=5.0)
    assert chart.series[0].points == [(0.0, 0.2), (5.0, 0.2), (10.0, 0.1), (15.0, 0.2), (20.0, 0.2)]


def test_what_fails_is_told_and_the_rest_is_there() -> None:
    answers = {
        "llm_calls_total": FailedQueryError("too many points"),
        REQUESTS: [series("a", "1")],
    }
    found, problem = charts(Source(answers), BEGAN, BEGAN + 60, scrape_s=5.0)
    assert [chart.title for chart in found] == ["Requests"]
    assert problem == "metrics of the platform are missing: Model calls: too many points"


def test_a_store_that_hangs_costs_seconds_and_not_the_report() -> None:
    found, problem = charts(
        Source({"llm_calls_total": 5.0, REQUESTS: [series("a", "1")]}),
        BEGAN,
        BEGAN + 60,
        scrape_s=5.0,
        timeout_s=0.05,
    )
    assert [chart.title for chart in found] == ["Requests"]
    assert "no answer within" in problem


def test_every_panel_asks_for_what_the_platform_exposes() -> None:
    known = {family.name for family in FAMILIES}
    for panel in server_side.PANELS:
        (name,) = re.findall(r"[a-z0-9_]+_(?:total|bucket|in_flight|length)(?=[{)])", panel.expression)
        assert name.removesuffix("_bucket") in known, panel.title
