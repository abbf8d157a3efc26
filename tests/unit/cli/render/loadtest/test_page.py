"""The page of a load test: what it says, what it draws, what it never does."""

import hashlib
import re
from base64 import b64encode
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from loadtests.bench import synthetic_runs as synthetic
from loadtests.bench.synthetic_runs import result_of
from tests.fakes.loadtest import results
from tests.fakes.loadtest.report_page import Page, page_of, told
from wattos_cli.loadtest.result.document import document
from wattos_cli.render import loadtest as render
from wattos_cli.render.loadtest.charts.server import server
from wattos_cli.render.loadtest.html import as_html

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'&`[x](http://evil)|"


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return results.whole()


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
    assert "worse than the baseline main.json: latency p50" in text
    assert "too few requests to judge: POST /v1/chat/completions" in text
    assert "Judged each by its own latency: 2 request names, with 99.5 % confidence." in text
    assert text.index("Slower request") < text.index("+17.0 %") < text.index("Over time")
    rows = [row for row in results.comparison()["rows"] if row["verdict"] != "regression"]
    steady = {**results.comparison(), "rows": rows, "by_name": [], "verdict": "no_regression"}
    assert "against main.json: no regression; these runs" in told(
        page_of(results.whole(20, comparison=steady))
    )
    invalid = told(page_of(results.whole(20, verdict="invalid", reasons=["the generator was saturated"])))
    assert "Invalid: the generator was saturated" in invalid
    assert "Passed: no threshold was set" in told(page_of(results.MINIMAL))


def test_every_chart_has_a_table_with_its_figures(whole: dict[str, Any]) -> None:
    page = page_of(whole)
    charts = [each for each in page.of("svg") if each.get("role") == "img"]
    assert len(charts) == len(page.of("details")) == 10
    rows = [each for each in page.of("tr") if "data-x" in each]
    assert len(rows) >= 3 * 240
    assert all(0 <= float(str(each["data-x"])) <= 100 for each in rows)


def test_a_gap_is_a_gap() -> None:
    lines = page_of(results.interrupted()).drawn("q-p99")
    assert len(lines) == 2
    assert all(path.startswith("M") and "NaN" not in path for path in lines)


def test_a_value_between_gaps_is_a_dot() -> None:
    result = results.interrupted()
    result["intervals"][4]["requests"] = result["intervals"][3]["requests"]
    lines = page_of(result).drawn("q-p50")
    assert [path.endswith("h0") for path in lines] == [False, True]


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(results.MINIMAL, id="old-result"),
        pytest.param(results.whole(1), id="one-interval"),
        pytest.param(results.whole(240), id="240-intervals"),
        pytest.param({**results.MINIMAL, "requests": 0, "rps": 0.0, "duration_s": 0.0}, id="no-time"),
        pytest.param(results.interrupted(intervals=[]), id="no-intervals"),
        pytest.param(
            synthetic.result(
                [{"at_s": float(n), "span_s": 1.0, "users": 0, "requests": {}} for n in range(9)],
                verdict="fail",
                distribution=None,
            ),
            id="no-sample",
        ),
        pytest.param(
            results.interrupted(
                distribution={
                    "latency": {"count": 3, "total": 0.0, "min": 0.0, "max": 0.0, "buckets": {"-1000000": 3}}
                }
            ),
            id="zeros",
        ),
        pytest.param(
            results.interrupted(
                distribution={
                    "latency": {"count": 3, "total": 3.0, "min": 1.0, "max": 1.0, "buckets": {"0": 3}}
                }
            ),
            id="all-alike",
        ),
        pytest.param(
            results.interrupted(
                server=[{"title": "t", "unit": "s", "series": [{"label": "a", "points": []}]}]
            ),
            id="server-without-points",
        ),
        pytest.param(
            results.interrupted(
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
        pytest.param(results.interrupted(limit={"rate": None, "steps": []}), id="no-limit"),
        pytest.param(
            results.interrupted(limit={"rate": None, "steps": [{"rate": 5, "verdict": "fail"}]}),
            id="limit-without-figures",
        ),
        pytest.param(results.interrupted(limit=results.limit()), id="limit"),
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


def test_the_knee_shows_where_the_limit_is() -> None:
    page = page_of(results.whole(20, limit=results.limit()))
    marks = [each for each in page.of("span") if "limit" in str(each.get("class")).split()]
    assert [each["style"] for each in marks] == ["left:72.00%", "left:64.00%"] * 2
    assert "limit 180/s" in told(page)
    assert "knee 160/s" in told(page)


def test_of_a_rate_that_was_tried_again_the_last_is_drawn() -> None:
    again = {"rate": 80.0, "achieved": 40.0, "p95": 3000.0, "verdict": "fail"}
    once, twice = (
        page_of(results.interrupted(limit={**results.limit(), "steps": steps}))
        for steps in (results.limit()["steps"], [again, *results.limit()["steps"]])
    )
    assert twice.drawn("q-p95") == once.drawn("q-p95")
    assert len(twice.drawn("bad")) == len(once.drawn("bad")) + 1


def test_a_breaker_has_a_lane_with_a_stretch_for_each_state() -> None:
    page = page_of(results.interrupted(duration_s=200.0, breakers=results.breakers()))
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
    drawn = [each.lines for each in server(document(result_of({**results.MINIMAL, "server": charts})))]
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
