import hashlib
import json
import re
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from loadtests.bench import synthetic_runs as synthetic
from tests.fakes import loadtest_results as results
from tests.fakes.cli import err, make_deps, out
from tests.fakes.schemas import FOLDER
from wattos_cli.app import TREE, execute
from wattos_cli.commands.loadtest import report as command
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.result.document import document
from wattos_cli.loadtest.result.reading import result_of
from wattos_cli.render import loadtest as render
from wattos_cli.render.loadtest.charts.server import server
from wattos_cli.render.loadtest.html import as_html

MINIMAL = {
    "schema": "wattos.loadtest/v1",
    "scenario": "smoke",
    "verdict": "pass",
    "duration_s": 5.0,
    "requests": 2,
    "failures": 0,
    "rps": 0.4,
    "latency_ms": {"p50": 1.0, "p95": 2.0, "p99": 2.0, "max": 2.0},
    "thresholds": [],
}
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'&`[x](http://evil)|"


class Page(HTMLParser):
    """Reads a page: whether every tag is closed, what it holds, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text.append(data)

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    def drawn(self, kind: str) -> list[str]:
        return [str(each["d"]) for each in self.of("path") if kind in str(each.get("class")).split()]


def page_of(result: dict[str, Any]) -> Page:
    page = Page(as_html(document(result_of(result))))
    assert page.open == []
    return page


def told(page: Page) -> str:
    return " ".join(" ".join(page.text).split())


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return results.whole()


def test_the_sample_is_what_the_schema_promises(whole: dict[str, Any]) -> None:
    schema = json.loads((FOLDER / "wattos.loadtest.v1.json").read_text())
    jsonschema.validate(json.loads(json.dumps(whole)), schema)
    jsonschema.validate(json.loads(json.dumps(results.whole(30, limit=results.limit()))), schema)
    jsonschema.validate(MINIMAL, schema)


def test_one_result_gives_every_report(whole: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(whole))
    deps = make_deps(cwd=tmp_path)
    options = command.Options(Path("r.json"), Path("new/r.html"), Path("r.md"), Path("r.xml"))
    assert command.run(options, deps) == ExitCode.OK
    table, page = out(deps), told(Page((tmp_path / "new" / "r.html").read_text()))
    markdown, suite = (tmp_path / "r.md").read_text(), ET.fromstring((tmp_path / "r.xml").read_text())
    for text in (table, page, markdown):
        assert "latency p50" in text
        assert "wattos logs --trace 4bf92f3577b34da6a3ce929d0e0e4736" in text
    failed = {str(case.get("name")) for case in suite if case.find("failure") is not None}
    assert failed == {"p95<500ms", "latency p50 is no worse than the baseline"}
    assert "written: new/r.html" in err(deps)


def test_json_is_the_result_itself(whole: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(whole))
    deps = make_deps(cwd=tmp_path, json_output=True)
    assert command.run(command.Options(Path("r.json")), deps) == ExitCode.OK
    assert json.loads(out(deps)) == whole


def test_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(MINIMAL))
    deps = make_deps(cwd=tmp_path)
    assert execute(["loadtest", "report", "r.json", "--html", "r.html"], TREE, deps) == ExitCode.OK
    assert "smoke: pass, 2 requests in 5.0 s" in out(deps)
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"not json", "is not JSON", id="not-json"),
        pytest.param(b"\xff\xfe\x00", "is not JSON", id="binary"),
        pytest.param(json.dumps(MINIMAL).encode()[:-30], "only the beginning of it", id="truncated"),
        pytest.param(b"[1, 2]", "is no whole result of a load test", id="list"),
        pytest.param(b"{}", "names no schema; expected wattos.loadtest/v1", id="no-schema"),
        pytest.param(b'{"schema": "wattos.health/v1"}', "is of schema 'wattos.health/v1'", id="other-schema"),
        pytest.param(b'{"schema": {"a": 1}}', "is of schema", id="odd-schema"),
        pytest.param(
            b'{"schema": "wattos.loadtest/v2"}', "this version of wattos does not read", id="future"
        ),
        pytest.param(
            b'{"schema": "wattos.loadtest/v1"}', "missing required field `scenario`", id="no-fields"
        ),
        pytest.param(json.dumps({**MINIMAL, "rps": "fast"}).encode(), "`$.rps`", id="wrong-type"),
        pytest.param(json.dumps({**MINIMAL, "verdict": "maybe"}).encode(), "`$.verdict`", id="odd-verdict"),
        pytest.param(json.dumps({**MINIMAL, "rps": float("nan")}).encode(), "is not JSON", id="nan"),
        pytest.param(b'{"schema": ' + b"[" * 200_000, "", id="deep"),
        pytest.param(b" " * (64 * 2**20 + 1), "is larger than 64 MiB", id="huge"),
    ],
)
def test_a_file_that_holds_no_result(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(WattosError) as caught:
        command.run(command.Options(Path("r.json"), html=Path("r.html")), make_deps(cwd=tmp_path))
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.USAGE, "result_unreadable")
    assert says in caught.value.message
    assert caught.value.message.startswith("r.json ") or "r.json" in caught.value.message
    assert caught.value.hint
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize("bucket", ["x", "10001", "-1000001"])
def test_a_histogram_that_counts_nothing_there_is(tmp_path: Path, bucket: str) -> None:
    dumped = {"count": 1, "total": 1.0, "min": 1.0, "max": 1.0, "buckets": {bucket: 1}}
    (tmp_path / "r.json").write_text(json.dumps({**MINIMAL, "distribution": {"latency": dumped}}))
    with pytest.raises(WattosError, match=r"\$\.distribution\.latency"):
        command.run(command.Options(Path("r.json")), make_deps(cwd=tmp_path))


@pytest.mark.parametrize("name", ["nothing.json", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(WattosError, match="cannot be read") as caught:
        command.run(command.Options(Path(name)), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(MINIMAL))
    options = command.Options(Path("r.json"), html=Path("/proc/nothing/r.html"))
    with pytest.raises(WattosError, match=r"cannot write /proc/nothing/r\.html") as caught:
        command.run(options, make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_page_loads_nothing_and_runs_its_own_script_only(whole: dict[str, Any]) -> None:
    text = as_html(document(result_of(whole)))
    page = Page(text)
    assert not re.search(r"url\(|@import|\ssrc=|\shref=", text)
    assert {tag for tag, _ in page.tags}.isdisjoint({"link", "img", "iframe", "object", "form", "a"})
    policy = next(str(meta["content"]) for meta in page.of("meta") if "http-equiv" in meta)
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_what_was_measured_stays_text() -> None:
    result = results.whole(
        20,
        scenario=HOSTILE,
        target=HOSTILE,
        command=HOSTILE,
        reasons=[HOSTILE],
        errors=[{"error": HOSTILE, "count": 1}],
        thresholds=[{"expression": HOSTILE, "value": 1.0, "ok": False}],
        slowest=[{"name": HOSTILE, "at_s": 1.0, "latency_ms": 1.0, "trace_id": HOSTILE, "status": HOSTILE}],
        server=[{"title": HOSTILE, "unit": HOSTILE, "series": [{"label": HOSTILE, "points": [[0.0, 1.0]]}]}],
        breakers=[{**change, "name": HOSTILE, "to": HOSTILE} for change in results.breakers()],
    )
    page = page_of(result)
    assert len(page.of("script")) == 1
    assert "\x1b" not in "".join(page.text)
    assert "\u202e" not in "".join(page.text)
    attributes = {name for _, given in page.tags for name in given}
    assert not any(name.startswith("on") for name in attributes)
    told_document = document(result_of(result))
    markdown = render.as_markdown(told_document)
    assert set(re.findall(r"(.)(?:<script|\[x)", markdown)) == {"\\"}
    assert markdown.count("\x1b") == 0
    table = render.as_table(told_document, color=False, width=80)
    assert "\x1b" not in table
    assert ET.fromstring(render.as_junit(told_document)) is not None


def test_the_verdict_comes_first_with_its_reasons(whole: dict[str, Any]) -> None:
    text = told(page_of(whole))
    assert text.index("Failed: p95<500ms does not hold, measured") < text.index("Thresholds")
    assert "against main.json: regression of latency p50" in text
    invalid = told(page_of(results.whole(20, verdict="invalid", reasons=["the generator was saturated"])))
    assert "Invalid: the generator was saturated" in invalid
    assert "Passed: no threshold was set" in told(page_of(MINIMAL))


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({}, "Failed: http://x stopped answering"),
        ({"verdict": "pass", "reasons": []}, "Passed: the threshold holds"),
        ({"comparison": results.comparison()}, "Failed: against main.json: regression of latency p50"),
        ({"verdict": "invalid"}, "Invalid: http://x stopped answering"),
    ],
    ids=["fail-of-its-own", "pass", "regression", "invalid"],
)
def test_a_run_may_fail_though_its_thresholds_hold(changes: dict[str, Any], first: str) -> None:
    held = [{"expression": "p95<1s", "value": 2.0, "ok": True}]
    result = {
        **MINIMAL,
        "verdict": "fail",
        "thresholds": held,
        "reasons": ["http://x stopped answering"],
        **changes,
    }
    assert first in told(page_of(result))
    read = document(result_of(result))
    failed = [case for case in ET.fromstring(render.as_junit(read)) if case.find("failure") is not None]
    annotated = render.annotations(read, {"GITHUB_ACTIONS": "true"})
    assert bool(failed) is bool(annotated) is (result["verdict"] != "pass")


def test_every_chart_has_a_table_with_its_figures(whole: dict[str, Any]) -> None:
    page = page_of(whole)
    charts = [each for each in page.of("svg") if each.get("role") == "img"]
    assert len(charts) == len(page.of("details")) == 10
    rows = [each for each in page.of("tr") if "data-x" in each]
    assert len(rows) >= 3 * 240
    assert all(0 <= float(str(each["data-x"])) <= 100 for each in rows)


def course(**changes: Any) -> dict[str, Any]:
    """Return a run of six intervals of which the third and fourth have no sample, one that is alone."""
    empty = {"count": 0, "total": 0.0, "min": None, "max": 0.0, "buckets": {}}
    service = {"GET /x": synthetic.Service(errors=0.0)}
    rng = synthetic.np.random.default_rng(1)
    intervals = [synthetic.interval(service, float(at_s), 1.0, 0.0, rng) for at_s in range(6)]
    for place in (2, 3):
        intervals[place]["requests"] = {"GET /x": {"count": 0, "failures": 0, "latency": empty}}
    return {**synthetic.result(intervals), **changes}


def test_a_gap_is_a_gap() -> None:
    lines = page_of(course()).drawn("q-p99")
    assert len(lines) == 2
    assert all(path.startswith("M") and "NaN" not in path for path in lines)


def test_a_value_between_gaps_is_a_dot() -> None:
    result = course()
    result["intervals"][4]["requests"] = result["intervals"][3]["requests"]
    lines = page_of(result).drawn("q-p50")
    assert [path.endswith("h0") for path in lines] == [False, True]


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(MINIMAL, id="old-result"),
        pytest.param(results.whole(1), id="one-interval"),
        pytest.param(results.whole(240), id="240-intervals"),
        pytest.param({**MINIMAL, "requests": 0, "rps": 0.0, "duration_s": 0.0}, id="no-time"),
        pytest.param(course(intervals=[]), id="no-intervals"),
        pytest.param(
            synthetic.result(
                [{"at_s": float(n), "span_s": 1.0, "users": 0, "requests": {}} for n in range(9)],
                verdict="fail",
                distribution=None,
            ),
            id="no-sample",
        ),
        pytest.param(
            course(
                distribution={
                    "latency": {"count": 3, "total": 0.0, "min": 0.0, "max": 0.0, "buckets": {"-1000000": 3}}
                }
            ),
            id="zeros",
        ),
        pytest.param(
            course(
                distribution={
                    "latency": {"count": 3, "total": 3.0, "min": 1.0, "max": 1.0, "buckets": {"0": 3}}
                }
            ),
            id="all-alike",
        ),
        pytest.param(
            course(server=[{"title": "t", "unit": "s", "series": [{"label": "a", "points": []}]}]),
            id="server-without-points",
        ),
        pytest.param(
            course(
                server=[
                    {
                        "title": "t",
                        "unit": "%",
                        "series": [{"label": "a", "points": [[0, -5], [900, 1e300]]}],
                    },
                    {"title": "u", "unit": "bytes", "series": [{"label": "a", "points": [[3, 0.0]]}]},
                ]
            ),
            id="server-with-odd-values",
        ),
        pytest.param(course(limit={"rate": None, "steps": []}), id="no-limit"),
        pytest.param(
            course(limit={"rate": None, "steps": [{"rate": 5, "verdict": "fail"}]}),
            id="limit-without-figures",
        ),
        pytest.param(course(limit=results.limit()), id="limit"),
    ],
)
def test_any_result_has_every_report(result: dict[str, Any]) -> None:
    page = page_of(result)
    for path in page.drawn("line") + page.drawn("fill") + page.drawn("bar") + page.drawn("dot"):
        assert not re.search("nan|inf|e[+-]", path, re.IGNORECASE)
    told_document = document(result_of(result))
    assert render.as_markdown(told_document)
    assert ET.fromstring(render.as_junit(told_document)) is not None
    assert render.as_table(told_document, color=False, width=80)


@pytest.mark.parametrize("result", [results.whole(20), results.whole(20, limit=results.limit())])
def test_the_table_fits_80_columns_and_has_units(result: dict[str, Any]) -> None:
    result["arrivals"] = {"intended": 1000, "dropped": 1, "lateness_ms": result["latency_ms"]}
    table = render.as_table(document(result_of(result)), color=False, width=80)
    assert [line for line in table.splitlines() if len(line) > 80] == []
    assert re.search(r"^p95<500ms +[\d.]+ ms +failed$", table, re.MULTILINE)
    assert re.search(r"^errors:rate<1% +[\d.]+ % +ok$", table, re.MULTILINE)
    assert "1000 arrivals, 1 dropped (0.1 %); the generator was" in table


def test_the_knee_shows_where_the_limit_is() -> None:
    page = page_of(results.whole(20, limit=results.limit()))
    marks = [each for each in page.of("span") if "limit" in str(each.get("class")).split()]
    assert [each["style"] for each in marks] == ["left:72.00%", "left:64.00%"] * 2
    assert "limit 180/s" in told(page)
    assert "knee 160/s" in told(page)


def test_a_breaker_has_a_lane_with_a_stretch_for_each_state() -> None:
    page = page_of(course(duration_s=200.0, breakers=results.breakers()))
    lanes = [each for each in page.of("span") if "stretch" in str(each.get("class")).split()]
    kinds = [str(each["class"]).split()[1] for each in lanes]
    assert kinds == ["good", "bad", "warn", "good"] * 2
    assert lanes[1]["title"] == "open from 104.0 s to 114.1 s"
    widths = [float(str(each["style"]).rpartition("width:")[2].rstrip("%")) for each in lanes]
    assert [sum(widths[:4]), sum(widths[4:])] == [pytest.approx(100, abs=0.1)] * 2


def test_a_label_keeps_its_colour_from_chart_to_chart() -> None:
    def metric(title: str, *labels: str) -> dict[str, Any]:
        return {
            "title": title,
            "unit": "",
            "series": [{"label": each, "points": [[0, 1], [5, 2]]} for each in labels],
        }

    charts = [metric("one", "chat", "rag"), metric("two", "rag"), metric("three", "agent", "rag", "chat")]
    drawn = [each.lines for each in server(document(result_of({**MINIMAL, "server": charts})))]
    kinds = [{line.label: line.kind for line in lines} for lines in drawn]
    assert kinds == [
        {"chat": "c1", "rag": "c2"},
        {"rag": "c2"},
        {"agent": "c3", "rag": "c2", "chat": "c1"},
    ]


def test_of_many_series_the_largest_are_drawn() -> None:
    text = told(page_of(results.whole(60)))
    assert "3 smaller ones are not drawn" in text
    assert "outcome-0" in text
