"""Prometheus' HTTP API as a function: paths and parameters in, Prometheus' JSON out."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.fakes.metrics.samples import labels
from tests.fakes.metrics.store import KeptMetrics
from wattos_cli.metricstore.api.routes import Api
from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.series import Series

TIMES = list(range(0, 301_000, 5000))
STORE = KeptMetrics(
    [
        Series(labels("up", job="chat"), TIMES, [1.0] * len(TIMES)),
        Series(labels("up", job="rag"), TIMES, [0.0] * len(TIMES)),
        Series(labels("calls_total", job="chat"), TIMES, [time / 1000 for time in TIMES]),
        Series(labels("old", job="gone"), [0], [1.0]),
    ],
    {
        "up": [Family("gauge", "Up."), Family("gauge", "It is up.")],
        "calls_total": [Family("counter", "Calls.")],
    },
)


class Alerting:
    def rules(self, at_ms: int) -> Any:
        return {"groups": [{"name": "g", "at": at_ms}]}

    def alerts(self, at_ms: int) -> Any:
        return {"alerts": []}


def ask(path: str, query: str = "") -> tuple[int, dict[str, Any]]:
    api = Api(STORE, lambda: 300.0)
    reply = api.answer(f"/api/v1/{path}", parse_qs(query, keep_blank_values=True))
    return int(reply.status), json.loads(reply.body)


def data(path: str, query: str = "") -> Any:
    status, document = ask(path, query)
    assert (status, document["status"]) == (200, "success"), document
    return document["data"]


@pytest.mark.parametrize(
    ("query", "kind", "result"),
    [
        (
            "query=up",
            "vector",
            [
                {"metric": {"__name__": "up", "job": "chat"}, "value": [300, "1"]},
                {"metric": {"__name__": "up", "job": "rag"}, "value": [300, "0"]},
            ],
        ),
        ("query=up&limit=1", "vector", [{"metric": {"__name__": "up", "job": "chat"}, "value": [300, "1"]}]),
        ("query=sum(up)&time=200.5", "vector", [{"metric": {}, "value": [200.5, "1"]}]),
        ("query=sum(up)&time=1970-01-01T00:03:20Z", "vector", [{"metric": {}, "value": [200, "1"]}]),
        ("query=sum(up)&time=1970-01-01T01:03:20%2B01:00", "vector", [{"metric": {}, "value": [200, "1"]}]),
        ("query=1%2B1&timeout=10s", "scalar", [300, "2"]),
        ("query=%22text%22", "string", [300, "text"]),
        (
            "query=calls_total[10s]&time=20",
            "matrix",
            [{"metric": {"__name__": "calls_total", "job": "chat"}, "values": [[15, "15"], [20, "20"]]}],
        ),
        ("query=none", "vector", []),
    ],
)
def test_a_moment(query: str, kind: str, result: Any) -> None:
    assert data("query", query) == {"resultType": kind, "result": result}


@pytest.mark.parametrize("step", ["60", "60.0", "1m", "60s"])
def test_a_range(step: str) -> None:
    found = data("query_range", f"query=sum(up)&start=100&end=220&step={step}")
    assert found == {
        "resultType": "matrix",
        "result": [{"metric": {}, "values": [[100, "1"], [160, "1"], [220, "1"]]}],
    }


def test_remarks_go_with_the_answer() -> None:
    assert "PromQL info: metric might not be a counter" in ask("query", "query=rate(up[1m])")[1]["infos"][0]
    assert "quantile value should be" in ask("query", "query=quantile(2,up)")[1]["warnings"][0]
    assert "infos" not in ask("query", "query=up")[1]
    assert ask("query", "query=up&limit=1")[1]["warnings"] == ["results truncated due to limit"]


def test_series_labels_and_values() -> None:
    assert data("series", "match[]=up&match[]=old&match[]=up") == [
        {"__name__": "old", "job": "gone"},
        {"__name__": "up", "job": "chat"},
        {"__name__": "up", "job": "rag"},
    ]
    assert data("series", "match[]=%7Bjob=%22gone%22%7D&start=10&end=300") == []
    assert data("labels") == ["__name__", "job"]
    assert data("label/job/values") == ["chat", "gone", "rag"]
    assert data("label/job/values", "start=10") == ["chat", "rag"]
    assert data("label/job/values", "match[]=calls_total") == ["chat"]
    assert data("label/__name__/values", "limit=2") == ["calls_total", "old"]
    assert data("label/none/values") == []
    assert data("labels", "start=-292273086-05-16T16:47:06Z&end=292277025-08-18T07:12:54.999999999Z") == [
        "__name__",
        "job",
    ]


def test_metadata() -> None:
    up = [{"type": "gauge", "help": "Up.", "unit": ""}, {"type": "gauge", "help": "It is up.", "unit": ""}]
    assert data("metadata") == {"calls_total": [{"type": "counter", "help": "Calls.", "unit": ""}], "up": up}
    assert data("metadata", "metric=up&limit_per_metric=1") == {"up": up[:1]}
    assert list(data("metadata", "limit=1")) == ["calls_total"]
    assert data("metadata", "metric=none") == {}


def test_what_clients_ask_besides() -> None:
    assert data("status/buildinfo")["version"].startswith("3.")
    assert data("query_exemplars", "query=up") == []
    assert data("rules") == {"groups": []}
    assert data("alerts") == {"alerts": []}
    told = Api(STORE, lambda: 300.0, Alerting()).answer("/api/v1/rules", {})
    assert json.loads(told.body)["data"] == {"groups": [{"name": "g", "at": 300_000}]}


@pytest.mark.parametrize(
    ("path", "query", "status", "kind", "message"),
    [
        (
            "query",
            "",
            400,
            "bad_data",
            'invalid parameter "query": 1:1: parse error: ',
        ),
        ("query", "query=up%7B", 400, "bad_data", 'invalid parameter "query": 1:4: parse error: '),
        ("query", "query=up%0A%2B%0A)", 400, "bad_data", 'invalid parameter "query": 3:1: parse error: '),
        (
            "query",
            "query=up&time=noon",
            400,
            "bad_data",
            'invalid parameter "time": cannot parse "noon" to a valid',
        ),
        (
            "query",
            "query=up&time=nan",
            400,
            "bad_data",
            'invalid parameter "time": cannot parse "nan" to a valid',
        ),
        (
            "query",
            "query=up&time=2026-01-01T00:00:00",
            400,
            "bad_data",
            'invalid parameter "time": cannot parse',
        ),
        ("query", "query=up&limit=-1", 400, "bad_data", 'invalid parameter "limit": cannot parse "-1"'),
        (
            "query",
            "query=up*on()group_left()up",
            422,
            "execution",
            "found duplicate series for the match group",
        ),
        ("query_range", "query=up", 400, "bad_data", 'invalid parameter "start": cannot parse "" to a valid'),
        (
            "query_range",
            "query=up&start=1&end=2",
            400,
            "bad_data",
            'invalid parameter "step": cannot parse "" to a valid',
        ),
        (
            "query_range",
            "query=up&start=1&end=2&step=0",
            400,
            "bad_data",
            'invalid parameter "step": zero or n',
        ),
        (
            "query_range",
            "query=up&start=1&end=2&step=inf",
            400,
            "bad_data",
            'invalid parameter "step": zero or n',
        ),
        (
            "query_range",
            "query=up&start=2&end=1&step=1",
            400,
            "bad_data",
            'invalid parameter "end": end timestamp must',
        ),
        (
            "query_range",
            "query=up&start=0&end=20000&step=1",
            400,
            "bad_data",
            "exceeded maximum resolution of 11,000 points",
        ),
        ("series", "", 400, "bad_data", "no match[] parameter provided"),
        ("series", "match[]=%7B%7D", 400, "bad_data", 'invalid parameter "match[]": 1:1: parse error: '),
        (
            "series",
            "match[]=up%2B1",
            400,
            "bad_data",
            "invalid parameter \"match[]\": 'up+1' is no selector of series",
        ),
        ("nothing", "", 404, "not_found", "no such endpoint; known in /api/v1/ are query, "),
        ("label//values/x", "", 404, "not_found", "no such endpoint"),
    ],
)
def test_what_is_wrong_is_said(path: str, query: str, status: int, kind: str, message: str) -> None:
    found, document = ask(path, query)
    assert (found, document["status"], document["errorType"]) == (status, "error", kind)
    assert document["error"].startswith(message)
