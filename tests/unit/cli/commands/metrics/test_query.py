"""`wattos metrics query` over what was scraped: tables, JSON, CSV, times, and every way to be wrong."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import FakeTime, err, make_deps, out
from tests.fakes.cli.schemas import published
from tests.fakes.metrics.filled_store import Scraped
from wattos_cli.app import execute
from wattos_cli.errors import ExitCode, WattosError

NOW = 1_700_000_000.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    scraped = Scraped(NOW)
    for service, growth in (("chat", 10), ("rag", 5)):
        counts = [float(growth * place) for place in range(121)]
        scraped.add(f"{service}-0", "http_requests_total", counts, route="/a", status="200")
        scraped.add(f"{service}-0", "http_requests_in_flight", [2.5] * 121)
    scraped.write(tmp_path)
    return tmp_path


def asked(root: Path, *argv: str, code: ExitCode = ExitCode.OK, **given: Any) -> Any:
    deps = make_deps(cwd=root, **given)
    assert execute(["metrics", "query", *argv], deps=deps) == code
    return deps


def refused(root: Path, *argv: str, **given: Any) -> WattosError:
    with pytest.raises(WattosError) as caught:
        execute(["metrics", "query", *argv], deps=make_deps(cwd=root, **given))
    return caught.value


def test_a_vector_is_a_table_with_a_column_for_each_label(root: Path) -> None:
    deps = asked(root, "sum by (job, status) (rate(http_requests_total[5m]))")
    assert out(deps).splitlines() == ["JOB   STATUS  VALUE", "chat  200         2", "rag   200         1"]


def test_what_does_not_fit_stands_behind_its_value_uncut(root: Path) -> None:
    deps = make_deps(cwd=root, width=50, terminal=True)
    execute(["metrics", "query", "http_requests_total{job='chat'}"], deps=deps)
    series = 'http_requests_total{instance="chat-0", job="chat", route="/a", status="200"}'
    assert out(deps).splitlines()[1] == f" 1200  {series}"


def test_a_scalar_is_its_value(root: Path) -> None:
    assert out(asked(root, "scalar(sum(http_requests_total))")) == "1800\n"


def test_a_string_is_its_text(root: Path) -> None:
    assert out(asked(root, '"a\\u001bb"')) == "a\\x1bb\n"


def test_a_range_shows_its_course(root: Path) -> None:
    deps = asked(root, "http_requests_total{job='chat'}", "--range", "10m", "--step", "1m")
    head, row = out(deps).splitlines()
    assert head.split()[-4:] == ["MIN", "MAX", "LAST", "TREND"]
    assert row.split()[-4:] == ["0", "1200", "1200", "▁▁▂▃▄▅▅▆▇██"]


def test_json_is_what_prometheus_answers(root: Path) -> None:
    shown = published(out(asked(root, "http_requests_in_flight{job='chat'}", json_output=True)))
    metric = {"__name__": "http_requests_in_flight", "instance": "chat-0", "job": "chat"}
    assert shown == {
        "schema": "wattos.metrics-query/v1",
        "resultType": "vector",
        "result": [{"metric": metric, "value": [1700000000, "2.5"]}],
    }


def test_a_range_as_json_is_a_matrix(root: Path) -> None:
    argv = ("sum(http_requests_total)", "--range", "10s", "--step", "5s", "-o", "json")
    shown = published(out(asked(root, *argv)))
    assert shown["resultType"] == "matrix"
    assert shown["result"][0]["values"] == [
        [1699999990, "1770"],
        [1699999995, "1785"],
        [1700000000, "1800"],
    ]


def test_csv_has_a_line_for_each_sample(root: Path) -> None:
    deps = asked(root, "http_requests_total", "--range", "5s", "--step", "5s", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(out(deps))))
    assert len(rows) == 4
    assert rows[0] == {
        "__name__": "http_requests_total", "instance": "chat-0", "job": "chat", "route": "/a",
        "status": "200", "time": "1699999995", "value": "1190.0"[:-2],
    }  # fmt: skip


def test_at_looks_back(root: Path) -> None:
    assert out(asked(root, "scalar(sum(http_requests_total))", "--at", "-5m")) == "900\n"
    assert out(asked(root, "scalar(sum(http_requests_total))", "--at", "2023-11-14T22:08:20Z")) == "900\n"


def test_watch_asks_again_until_it_is_stopped(root: Path) -> None:
    class StoppedError(Exception):
        pass

    class Thrice(FakeTime):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.now >= NOW + 15:
                raise StoppedError

    deps = make_deps(cwd=root, time=Thrice(NOW))
    with pytest.raises(StoppedError):
        execute(["metrics", "query", "1", "--watch"], deps=deps)
    assert out(deps) == "1\n1\n1\n"


def test_remarks_go_to_stderr(root: Path) -> None:
    deps = asked(root, "rate(http_requests_in_flight[5m])", "-o", "json")
    assert published(out(deps))["resultType"] == "vector"
    assert "metric might not be a counter" in err(deps)


def test_nothing_found_is_no_failure(root: Path) -> None:
    deps = asked(root, "http_requests_total{job='nobody'}", "-o", "json")
    assert published(out(deps))["result"] == []
    assert "No series" in err(deps)


def test_a_metric_that_only_waits_for_its_first_time_is_no_mistake(root: Path) -> None:
    deps = asked(root, "llm_fallbacks_total")
    assert (out(deps), err(deps)) == ("", "No series: nothing has made llm_fallbacks_total count yet.\n")


def test_an_unknown_metric_is_named_with_the_nearest(root: Path) -> None:
    error = refused(root, "sum(rate(http_request_total[5m]))")
    assert (error.exit_code, error.code) == (ExitCode.NO, "no_such_series")
    assert error.message == "no such series: http_request_total; did you mean http_requests_total?"


@pytest.mark.parametrize(
    ("expression", "line", "caret"),
    [
        ("sum(rate(http_requests_total[5m])", "sum(rate(http_requests_total[5m])", 33),
        ("1 +\n  ) 2", "  ) 2", 2),
        ("1 + " * 30 + ")" + " + 1" * 30, "…" + ("1 + " * 30)[-37:] + ")" + (" + 1" * 30)[:36] + "…", 38),
        (")" + " + 1" * 30, ")" + (" + 1" * 30)[:74] + "…", 0),
        ("1 + " * 30 + ")", "…" + ("1 + " * 30)[-74:] + ")", 75),
    ],
)
def test_a_broken_expression_gets_a_caret(root: Path, expression: str, line: str, caret: int) -> None:
    error = refused(root, expression)
    assert (error.exit_code, error.code) == (ExitCode.USAGE, "promql_invalid")
    assert error.message.split("\n")[-2:] == [f"  {line}", f"  {' ' * caret}^"]


@pytest.mark.parametrize("span", [("1d", "1s"), ("100000000d", "1s"), ("999999999999d", "1ms")])
def test_an_expression_without_an_answer_is_exit_1(root: Path, span: tuple[str, str]) -> None:
    error = refused(root, "http_requests_total", "--range", span[0], "--step", span[1])
    assert (error.exit_code, error.code) == (ExitCode.NO, "query_failed")
    assert "11,000 points" in error.message


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("",),
        ("up", "--assert", "up == 1"),
        ("up", "--step", "5s"),
        ("up", "--range", "1m", "--step", "5m"),
        ("up", "--range", "soon"),
        ("up", "--at", "yesterday"),
        ("up", "--junit", "x.xml"),
        ("up", "--token-file", "t"),
        ("--assert", "up == 1", "--watch"),
        ("--assert", "up == 1", "--range", "1h"),
        ("--assert", "up == 1", "-o", "csv"),
        ("up", "--prometheus", "localhost:9090"),
        ("up", "--prometheus", "ftp://localhost"),
        ("up", "--prometheus", "http://"),
        ("up", "--prometheus", "http://x:99999"),
        ("up", "--prometheus", "http://user:secret@host"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(root: Path, argv: tuple[str, ...]) -> None:
    error = refused(root, *argv)
    assert error.exit_code == ExitCode.USAGE
    assert error.hint
    assert "secret" not in error.message


def test_without_any_metrics_it_says_how_to_get_some(tmp_path: Path) -> None:
    error = refused(tmp_path, "up")
    assert (error.exit_code, error.code) == (ExitCode.UNREACHABLE, "no_metrics")
    assert "wattos up" in error.hint
