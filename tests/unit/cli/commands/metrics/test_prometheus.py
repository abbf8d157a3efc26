"""`wattos metrics query --prometheus`: what a Prometheus is asked, and what is made of its answers."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.app import execute
from wattos_cli.deps import NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError

URL = "http://prometheus.example:9090/base/"
VECTOR = {"resultType": "vector", "result": [{"metric": {"job": "chat"}, "value": [1.5, "0.25"]}]}


class OnePrometheus(FakeHttp):
    """Gives its replies in turn, the last one again and again."""

    def __init__(self, *replies: Reply | Exception) -> None:
        super().__init__()
        self.turns = list(replies)

    def request(self, method: str, address: str, path: str, **options: Any) -> Reply:
        self.requests.append((method, address, path, None, options["headers"]))
        reply = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if isinstance(reply, Exception):
            raise reply
        return reply


def reply(data: Any, **more: Any) -> Reply:
    return Reply(200, {}, json.dumps({"status": "success", "data": data, **more}).encode())


def error_reply(status: int, kind: str, text: str) -> Reply:
    return Reply(status, {}, json.dumps({"status": "error", "errorType": kind, "error": text}).encode())


def ask(
    *replies: Reply | Exception, argv: tuple[str, ...] = ("up",), **given: Any
) -> tuple[Any, OnePrometheus]:
    http = OnePrometheus(*replies)
    deps = make_deps(http=http, **given)
    assert execute(["metrics", "query", *argv, "--prometheus", URL], deps=deps) == ExitCode.OK
    return deps, http


def refused(*replies: Reply | Exception, argv: tuple[str, ...] = ("up",), **given: Any) -> WattosError:
    with pytest.raises(WattosError) as caught:
        ask(*replies, argv=argv, **given)
    return caught.value


def test_the_same_expression_is_sent() -> None:
    deps, http = ask(reply(VECTOR), argv=("sum(up) + 1", "--at", "2023-11-14T22:13:20.250Z", "-o", "json"))
    ((method, address, path, _, headers),) = http.requests
    assert (method, address, headers) == ("GET", "http://prometheus.example:9090", {})
    assert urlsplit(path).path == "/base/api/v1/query"
    assert parse_qs(urlsplit(path).query) == {
        "query": ["sum(up) + 1"],
        "time": ["1700000000.25"],
        "timeout": ["30s"],
    }
    assert published(out(deps)) == {"schema": "wattos.metrics-query/v1", **VECTOR}


def test_a_range_too() -> None:
    matrix = {"resultType": "matrix", "result": [{"metric": {}, "values": [[1.0, "2"], [3.5, "NaN"]]}]}
    deps, http = ask(reply(matrix), argv=("up", "--range", "1h", "--step", "15s"))
    path = http.requests[0][2]
    assert urlsplit(path).path == "/base/api/v1/query_range"
    assert parse_qs(urlsplit(path).query)["step"] == ["15"]
    assert parse_qs(urlsplit(path).query)["start"] == ["1699996400"]
    assert out(deps).splitlines()[1].split() == ["2", "2", "NaN"]


def test_the_token_comes_from_a_file_and_is_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("s3cret\n")
    _, http = ask(reply(VECTOR), argv=("up", "--token-file", "t"), cwd=tmp_path)
    assert http.requests[0][4] == {"Authorization": "Bearer s3cret"}
    environ = {"WATTOS_PROMETHEUS_TOKEN_FILE": str(tmp_path / "t")}
    _, http = ask(reply(VECTOR), environ=environ)
    assert http.requests[0][4] == {"Authorization": "Bearer s3cret"}
    error = refused(error_reply(401, "unauthorized", "no"), environ=environ)
    assert (error.exit_code, error.code) == (ExitCode.UNREACHABLE, "prometheus_refused")
    assert "s3cret" not in f"{error.message}{error.hint}{error.details}"


@pytest.mark.parametrize("content", [None, "", "two words", "ünicode"])
def test_a_file_without_a_token_is_exit_3(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "t").write_text(content)
    error = refused(reply(VECTOR), argv=("up", "--token-file", "t"), cwd=tmp_path)
    assert error.exit_code == ExitCode.CONFIG
    assert "--token-file" in error.message


def test_series_are_in_order_unless_the_question_orders_them() -> None:
    rows = [
        {"metric": {"job": job}, "value": [1, value]} for job, value in (("b", "9"), ("a", "1"), ("c", "5"))
    ]
    vector = reply({"resultType": "vector", "result": rows})
    jobs = [each.split()[0] for each in out(ask(vector)[0]).splitlines()[1:]]
    assert jobs == ["a", "b", "c"]
    jobs = [each.split()[0] for each in out(ask(vector, argv=("topk(3, up)",))[0]).splitlines()[1:]]
    assert jobs == ["b", "a", "c"]


def test_warnings_and_infos_are_shown() -> None:
    deps, _ = ask(reply(VECTOR, warnings=["a store is away"], infos=["PromQL info: x\x1b"]))
    assert err(deps) == "a store is away\nPromQL info: x\\x1b\n"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (NoReplyError("connection refused"), "prometheus_unreachable"),
        (NoReplyError("no answer within 30 s"), "prometheus_unreachable"),
        (error_reply(503, "timeout", "query timed out"), "prometheus_unreachable"),
        (Reply(502, {}, b"<html>bad gateway</html>"), "prometheus_unreachable"),
        (Reply(503, {}, b"[]"), "prometheus_unreachable"),
        (Reply(503, {}, b'["busy"]'), "prometheus_unreachable"),
        (Reply(403, {}, b"no"), "prometheus_refused"),
        (Reply(200, {}, b"<html>Grafana</html>"), "prometheus_not_understood"),
        (Reply(404, {}, b"not found"), "prometheus_not_understood"),
        (Reply(302, {"location": "/login"}, b""), "prometheus_not_understood"),
        (Reply(200, {}, b'{"status": "success"}'), "prometheus_not_understood"),
        (
            Reply(200, {}, b'{"status": "success", "data": {"resultType": "table"}}'),
            "prometheus_not_understood",
        ),
        (error_reply(500, "internal", "disk full"), "prometheus_not_understood"),
        *(
            (reply({"resultType": kind, "result": result}), "prometheus_not_understood")
            for kind, result in (
                ("vector", None),
                ("vector", [{"value": [1, "2"]}]),
                ("vector", [{"metric": {}, "values": [[1, "2"]]}]),
                ("vector", [{"metric": [], "value": [1, "2"]}]),
                ("vector", [{"metric": {}, "value": [1, "two"]}]),
                ("vector", [{"metric": {}, "value": [1]}]),
                ("matrix", [{"metric": {}, "values": 7}]),
                ("matrix", [{"metric": {}, "values": [["1", "2"]]}]),
                ("scalar", ["1"]),
                ("string", [1]),
            )
        ),
    ],
)
def test_nothing_valid_to_talk_to_is_exit_4(answer: Reply | Exception, code: str) -> None:
    error = refused(answer)
    assert (error.exit_code, error.code) == (ExitCode.UNREACHABLE, code)
    assert "prometheus.example" in error.message


def test_a_refused_expression_gets_its_caret() -> None:
    text = 'invalid parameter "query": 2:4: parse error: unexpected ")"'
    error = refused(error_reply(400, "bad_data", text), argv=("1 +\n  ) 2",))
    assert error.exit_code == ExitCode.USAGE
    assert error.message == 'PromQL: unexpected ")" at line 2\n    ) 2\n     ^'


def test_other_refusals_keep_their_words() -> None:
    error = refused(error_reply(400, "bad_data", "exceeded maximum resolution of 11,000 points"))
    assert (error.exit_code, error.message) == (
        ExitCode.USAGE,
        "PromQL: exceeded maximum resolution of 11,000 points",
    )
    error = refused(error_reply(422, "execution", "many-to-many matching not allowed"))
    assert (error.exit_code, error.code) == (ExitCode.NO, "query_failed")


def test_native_histograms_are_refused_by_name() -> None:
    row = {"metric": {}, "histogram": [1, {"count": "3"}]}
    error = refused(reply({"resultType": "vector", "result": [row]}))
    assert error.code == "query_failed"
    assert "native histograms" in error.message


def test_an_unknown_metric_is_looked_up_there() -> None:
    nothing = reply({"resultType": "vector", "result": []})
    error = refused(nothing, reply(["node_load1", "up"]), argv=("node_laod1",))
    assert error.message == "no such series: node_laod1; did you mean node_load1?"


def test_an_assertion_asks_there_and_scrapes_nothing() -> None:
    http = OnePrometheus(reply({"resultType": "scalar", "result": [1, "0.3"]}), reply(VECTOR))
    deps = make_deps(http=http)
    argv = ["metrics", "query", "--assert", "sum by (job) (up) < 0.3", "--prometheus", URL]
    assert execute(argv, deps=deps) == ExitCode.OK
    assert [parse_qs(urlsplit(each[2]).query)["query"] for each in http.requests] == [
        ["0.3"],
        ["sum by (job) (up)"],
    ]
