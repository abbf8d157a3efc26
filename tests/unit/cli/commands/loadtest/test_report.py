"""`wattos loadtest report`: every report from one result."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from loadtests.bench.synthetic_runs import result_of
from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.schemas import FOLDER
from tests.fakes.loadtest import results
from tests.fakes.loadtest.report_page import Page, page_of, told
from wattos_cli.app import TREE, execute
from wattos_cli.commands.loadtest import report as command
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.result.document import document
from wattos_cli.render import loadtest as render
from wattos_cli.render.loadtest.summary import summary


@pytest.mark.parametrize(
    ("requests", "duration_s", "line"),
    [
        (1, 0.0059, "smoke: pass, 1 request in 5.90 ms, 0 failed"),
        (2, 0.0, "smoke: pass, 2 requests in 0 ms, 0 failed"),
        (0, 4.0, "smoke: pass, 0 requests in 4.0 s (0.0/s), 0 failed"),
        (6, 4.0, "smoke: pass, 6 requests in 4.0 s (1.5/s), 0 failed"),
    ],
)
def test_the_verdict_in_a_line(requests: int, duration_s: float, line: str) -> None:
    rps = requests / duration_s if duration_s else 0.0
    given = {"requests": requests, "failures": 0, "duration_s": duration_s, "rps": rps}
    assert summary({"scenario": "smoke", "verdict": "pass", **given}) == line


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return results.whole()


def test_the_sample_is_what_the_schema_promises(whole: dict[str, Any]) -> None:
    schema = json.loads((FOLDER / "wattos.loadtest.v1.json").read_text())
    jsonschema.validate(json.loads(json.dumps(whole)), schema)
    jsonschema.validate(json.loads(json.dumps(results.whole(30, limit=results.limit()))), schema)
    jsonschema.validate(results.MINIMAL, schema)


def test_the_mark_that_editors_put_before_a_text_is_no_obstacle(
    whole: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "r.json").write_text(json.dumps(whole), encoding="utf-8-sig")
    deps = make_deps(cwd=tmp_path, json_output=True)
    assert command.run(command.Options(Path("r.json")), deps) == ExitCode.OK
    assert json.loads(out(deps))["scenario"] == whole["scenario"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            command.Options(Path("r.json"), html=Path("r.json")),
            "--html r.json would be written over the result",
        ),
        (
            command.Options(Path("r.json"), junit=Path("link")),
            "--junit link would be written over the result",
        ),
        (
            command.Options(Path("r.json"), html=Path("a"), junit=Path("./a")),
            "--junit a would be written over --html",
        ),
    ],
    ids=["result", "link", "twice"],
)
def test_no_report_is_written_over_another_file_of_the_command(
    whole: dict[str, Any], tmp_path: Path, options: command.Options, says: str
) -> None:
    (tmp_path / "r.json").write_text(json.dumps(whole))
    (tmp_path / "link").symlink_to("r.json")
    with pytest.raises(WattosError, match=says) as caught:
        command.run(options, make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE
    assert json.loads((tmp_path / "r.json").read_text())["scenario"] == whole["scenario"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "r.json"]
    devices = command.Options(Path("r.json"), html=Path("/dev/null"), junit=Path("/dev/null"))
    assert command.run(devices, make_deps(cwd=tmp_path)) == ExitCode.OK


def test_one_result_gives_every_report(whole: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(whole))
    deps = make_deps(cwd=tmp_path)
    options = command.Options(Path("r.json"), Path("new/r.html"), Path("r.md"), Path("r.xml"))
    assert command.run(options, deps) == ExitCode.OK
    table, page = out(deps), told(Page((tmp_path / "new" / "r.html").read_text()))
    markdown, suite = (tmp_path / "r.md").read_text(), ET.fromstring((tmp_path / "r.xml").read_text())
    for text in (table, page, markdown):
        assert "latency p50" in text
        assert "slower request" in text.lower()
        assert "wattos logs --trace 4bf92f3577b34da6a3ce929d0e0e4736" in text
    failed = [str(case.get("name")) for case in suite if case.find("failure") is not None]
    assert failed == [
        "p95<500ms",
        "latency p50 is no worse than the baseline",
        "latency p50 of POST /api/v1/search is no worse than the baseline",
        "latency p95 of POST /api/v1/search is no worse than the baseline",
    ]
    assert "written: new/r.html" in err(deps)


def test_json_is_the_result_itself(whole: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(whole))
    deps = make_deps(cwd=tmp_path, json_output=True)
    assert command.run(command.Options(Path("r.json")), deps) == ExitCode.OK
    assert json.loads(out(deps)) == whole


def test_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(results.MINIMAL))
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
        pytest.param(json.dumps(results.MINIMAL).encode()[:-30], "only the beginning of it", id="truncated"),
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
        pytest.param(json.dumps({**results.MINIMAL, "rps": "fast"}).encode(), "`$.rps`", id="wrong-type"),
        pytest.param(
            json.dumps({**results.MINIMAL, "verdict": "maybe"}).encode(), "`$.verdict`", id="odd-verdict"
        ),
        pytest.param(json.dumps({**results.MINIMAL, "rps": float("nan")}).encode(), "is not JSON", id="nan"),
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
    (tmp_path / "r.json").write_text(json.dumps({**results.MINIMAL, "distribution": {"latency": dumped}}))
    with pytest.raises(WattosError, match=r"\$\.distribution\.latency"):
        command.run(command.Options(Path("r.json")), make_deps(cwd=tmp_path))


@pytest.mark.parametrize("name", ["nothing.json", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(WattosError, match="cannot be read") as caught:
        command.run(command.Options(Path(name)), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(results.MINIMAL))
    options = command.Options(Path("r.json"), html=Path("/proc/nothing/r.html"))
    with pytest.raises(WattosError, match=r"cannot write /proc/nothing/r\.html") as caught:
        command.run(options, make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({}, "Failed: http://x stopped answering"),
        ({"verdict": "pass", "reasons": []}, "Passed: the threshold holds"),
        ({"verdict": "invalid"}, "Invalid: http://x stopped answering"),
    ],
    ids=["fail-of-its-own", "pass", "invalid"],
)
def test_a_run_may_fail_though_its_thresholds_hold(changes: dict[str, Any], first: str) -> None:
    held = [{"expression": "p95<1s", "value": 2.0, "ok": True}]
    result = {
        **results.MINIMAL,
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


@pytest.mark.parametrize("result", [results.whole(20), results.whole(20, limit=results.limit())])
def test_the_table_fits_80_columns_and_has_units(result: dict[str, Any]) -> None:
    result["arrivals"] = {"intended": 1000, "dropped": 1, "lateness_ms": result["latency_ms"]}
    table = render.as_table(document(result_of(result)), color=False, width=80)
    assert [line for line in table.splitlines() if len(line) > 80] == []
    assert re.search(r"^p95<500ms +[\d.]+ ms +failed$", table, re.MULTILINE)
    assert re.search(r"^errors:rate<1% +[\d.]+ % +ok$", table, re.MULTILINE)
    assert "1000 arrivals, 1 dropped (0.1 %); the generator was" in table


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (
            '"credential";q=6000;w=60, "tenant";q=9;w=1',
            "allows 6,000 in 60 s per credential, 9 in 1 s per tenant;",
        ),
        ('"tenant";q=9;w=1;pk=:Y:', "allows 9 in 1 s per tenant;"),
        ('"tenant";w=1;q=9\033[31m', 'allows "tenant";w=1;q=9\\x1b[31m;'),
        ("", "a minute each; no limiter is switched off"),
    ],
    ids=["two", "more parameters", "another order", "none"],
)
def test_limits_are_told_in_words(policy: str, says: str) -> None:
    tenant = {"name": "loadtest", "keys": 5, "per_minute": 6000, "policy": policy}
    assert says in render.limits({"tenant": tenant})
