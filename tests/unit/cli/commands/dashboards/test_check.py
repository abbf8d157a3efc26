"""`wattos dashboards check`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.commands.dashboards.check import Options, command, run
from wattos_cli.commands.dashboards.generate import Options as Generate
from wattos_cli.commands.dashboards.generate import run as generate
from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.checks import of_answers, of_boards
from wattos_cli.dashboards.files import all_files
from wattos_cli.dashboards.queries import Asked, queries
from wattos_cli.deps import BadQueryError, FailedQueryError, MetricAnswer, Reply
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.metricsource import MetricsEndpoint


class FakeMetrics:
    """Answers every expression with `answer`, or raises it."""

    def __init__(self, answer: MetricAnswer | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def instant(self, expression: str, at_s: float) -> MetricAnswer:
        self.asked.append(expression)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def range(self, expression: str, start_s: float, end_s: float, step_s: float) -> MetricAnswer:
        raise AssertionError("nobody asks for a range here")

    def names(self, at_s: float) -> list[str]:
        raise AssertionError("nobody asks for names here")


def vector(*values: str) -> MetricAnswer:
    return MetricAnswer("vector", [{"metric": {}, "value": [0, value]} for value in values])


def test_all_is_well_where_nothing_was_generated(tmp_path: Path) -> None:
    deps = make_deps(cwd=tmp_path, json_output=True)
    assert run(Options(), deps) == ExitCode.OK
    assert published(out(deps)) == {
        "schema": "wattos.dashboards-check/v1",
        "verdict": "pass",
        "checks": 18 * len(ALL),
        "failures": [],
    }


def test_generated_files_are_checked_with_the_selector_that_they_have(tmp_path: Path) -> None:
    selector = 'cluster="school"'
    generate(Generate(selector=selector), make_deps(cwd=tmp_path))
    assert run(Options(selector=selector), make_deps(cwd=tmp_path)) == ExitCode.OK
    deps = make_deps(cwd=tmp_path)
    assert run(Options(), deps) == ExitCode.NO
    assert "dashboards/grafana/wattos-llm.json" in out(deps)
    assert f"{18 * len(ALL) + len(all_files())} checks, {len(ALL) + 1} failed" in err(deps)


def test_stale_missing_and_left_over_files_are_named(tmp_path: Path) -> None:
    generate(Generate(out=Path("d")), make_deps(cwd=tmp_path))
    folder = tmp_path / "d" / "grafana"
    (folder / "wattos-llm.json").write_text("{}")
    (folder / "wattos-rag.json").unlink()
    (folder / "wattos-old.json").write_text("{}")
    deps = make_deps(cwd=tmp_path, json_output=True)
    assert run(Options(folder=Path("d")), deps) == ExitCode.NO
    found = {each["check"]: each["problem"] for each in published(out(deps))["failures"]}
    assert found == {
        "d/grafana/wattos-llm.json": "is stale; write it with: wattos dashboards generate",
        "d/grafana/wattos-rag.json": "is missing; write it with: wattos dashboards generate",
        "d/grafana/wattos-old.json": "is not generated any more; delete it",
    }


def test_a_folder_that_is_named_must_hold_the_files(tmp_path: Path) -> None:
    assert run(Options(folder=Path("nowhere")), make_deps(cwd=tmp_path)) == ExitCode.NO


def test_a_breach_of_a_rule_and_an_unknown_metric_are_told() -> None:
    board = json.loads(all_files()["grafana/wattos-rag.json"])
    board["editable"] = True
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            target["expr"] = target["expr"].replace("rag_jobs_queued", "rag_jobs")
    found = {each.name: each.problem for each in of_boards({"x.json": json.dumps(board)}, "") if each.problem}
    assert set(found) == {"wattos-rag: uneditable-dashboard", "wattos-rag: metrics-exist"}
    assert "no service has the metric rag_jobs" in found["wattos-rag: metrics-exist"]


QUERY = Asked("wattos-x", "Panel", "all", "up")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (vector("0"), ""),
        (vector("NaN", "1"), ""),
        (vector("+Inf"), ""),
        (vector(), "no data"),
        (vector("NaN"), "no data"),
        (MetricAnswer("scalar", [0, "1"]), ""),
        (BadQueryError("unexpected end"), "cannot be read: unexpected end"),
        (FailedQueryError("many-to-many"), "has no answer: many-to-many"),
    ],
    ids=str,
)
def test_what_counts_as_data(answer: Any, problem: str) -> None:
    (checked,) = of_answers([QUERY], FakeMetrics(answer), 1.0)
    assert checked == ("wattos-x: Panel (all)", problem)


def test_a_query_that_may_be_empty_passes_without_data_but_must_be_sound() -> None:
    rare = QUERY._replace(empty="nobody ran an agent")
    assert [each.problem for each in of_answers([rare], FakeMetrics(vector()), 1.0)] == [""]
    assert next(of_answers([rare], FakeMetrics(BadQueryError("x")), 1.0)).problem == "cannot be read: x"


def answered_by_prometheus(body: Any) -> FakeHttp:
    class Http(FakeHttp):
        def request(self, method: str, address: str, path: str, **more: Any) -> Reply:
            self.requests.append((method, address, path, None, more.get("headers") or {}))
            return Reply(200, {}, json.dumps(body).encode())

    return Http()


def test_a_prometheus_is_asked_every_query(tmp_path: Path) -> None:
    data = {"resultType": "vector", "result": [{"metric": {}, "value": [1, "2"]}]}
    http = answered_by_prometheus({"status": "success", "data": data})
    (tmp_path / "t").write_text("secret")
    endpoint = MetricsEndpoint("http://127.0.0.1:9090", Path("t"))
    deps = make_deps(cwd=tmp_path, http=http)
    assert run(Options(endpoint=endpoint), deps) == ExitCode.OK
    assert len(http.requests) == len(queries())
    assert {request[4]["Authorization"] for request in http.requests} == {"Bearer secret"}


def test_without_data_the_check_fails_and_names_the_panels(tmp_path: Path) -> None:
    http = answered_by_prometheus({"status": "success", "data": {"resultType": "vector", "result": []}})
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    deps = make_deps(cwd=tmp_path, http=http, environ=environ)
    options = Options(endpoint=MetricsEndpoint("http://127.0.0.1:9090"), junit=Path("out.xml"))
    assert run(options, deps) == ExitCode.NO
    assert "wattos-overview: Requests (all)" in out(deps)
    assert "wattos loadtest smoke" in err(deps)
    assert "::error title=wattos-overview%3A Requests (all)::no data" in err(deps)
    text = (tmp_path / "out.xml").read_text()
    assert 'name="wattos-overview: Requests (all)"' in text
    assert 'failures="0"' not in text
    assert "| wattos-overview: Requests (all) | no data |" in (tmp_path / "summary.md").read_text()


def test_live_without_a_platform_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="no metrics were scraped yet") as caught:
        run(Options(live=True), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.UNREACHABLE


def test_wrong_options(tmp_path: Path) -> None:
    check = command()
    for more in ({"live": True, "prometheus": "http://x"}, {"token_file": Path("t")}, {"prometheus": "x"}):
        with pytest.raises(WattosError) as caught:
            check(make_deps(cwd=tmp_path), **more)
        assert caught.value.exit_code == ExitCode.USAGE


def test_a_junit_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="cannot write") as caught:
        run(Options(junit=Path("/proc/none/out.xml")), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE
