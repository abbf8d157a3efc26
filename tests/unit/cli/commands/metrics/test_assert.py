"""`wattos metrics query --assert`: every series must satisfy it, and no data is a failure."""

import json
import socket
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import err, make_deps, out, write_running
from tests.fakes.cli.schemas import published
from tests.fakes.metrics.filled_store import Scraped
from wattos_cli.app import execute
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project
from wattos_cli.supervisor.scrape_now import scrape_now

NOW = 1_700_000_000.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    scraped = Scraped(NOW)
    for service, in_flight in (("chat", 2.0), ("rag", 5.0)):
        scraped.add(f"{service}-0", "http_requests_in_flight", [in_flight] * 61)
        scraped.add(f"{service}-0", "http_requests_total", [0.0] * 61)
    scraped.write(tmp_path)
    return tmp_path


def judged(root: Path, *texts: str, more: tuple[str, ...] = (), **given: Any) -> tuple[ExitCode, Any]:
    deps = make_deps(cwd=root, **given)
    argv = [part for text in texts for part in ("--assert", text)]
    return execute(["metrics", "query", *argv, "--at", "now", *more], deps=deps), deps


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("http_requests_in_flight < 6", ExitCode.OK),
        ("http_requests_in_flight <= 5", ExitCode.OK),
        ("http_requests_in_flight < 5", ExitCode.NO),
        ("http_requests_in_flight < bool 6", ExitCode.OK),
        ("6 > http_requests_in_flight", ExitCode.OK),
        ("2 >= http_requests_in_flight", ExitCode.NO),
        ("(sum(http_requests_in_flight) == 7)", ExitCode.OK),
        ("sum(http_requests_in_flight) != 3 + 4", ExitCode.NO),
        ("max(http_requests_in_flight) - min(http_requests_in_flight) > -1", ExitCode.OK),
        ("scalar(sum(http_requests_in_flight)) >= bool 7", ExitCode.OK),
        ("max_over_time(http_requests_in_flight[1m] offset 1m) < 6", ExitCode.OK),
        ("http_requests_in_flight < scalar(max(http_requests_in_flight))", ExitCode.NO),
        ("1 < bool 2", ExitCode.OK),
    ],
)
def test_every_series_must_satisfy_it(root: Path, text: str, code: ExitCode) -> None:
    assert judged(root, text)[0] == code


def test_the_series_to_blame_is_shown(root: Path) -> None:
    code, deps = judged(root, "http_requests_in_flight < 3", "sum(http_requests_in_flight) == 7")
    assert code == ExitCode.NO
    assert out(deps).splitlines() == [
        "failed  http_requests_in_flight < 3: does not hold for 1 of 2 series",
        '  5  http_requests_in_flight{instance="rag-0", job="rag"}',
        "ok  sum(http_requests_in_flight) == 7",
        "  7  {}",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "http_requests_in_flight{job='nobody'} < 3",
        "sum(rate(http_requests_total{job='chat'}[1m])) / sum(rate(http_requests_total{job='chat'}[1m])) < 3",
        "0 / sum(rate(http_requests_total[1m])) != 3",
        "llm_fallbacks_total == 0",
    ],
)
def test_no_data_is_a_failure(root: Path, text: str) -> None:
    code, deps = judged(root, text)
    assert code == ExitCode.NO
    assert "no data" in out(deps)


def test_json_junit_and_annotation(root: Path, tmp_path: Path) -> None:
    code, deps = judged(
        root,
        "http_requests_in_flight < 3",
        "http_requests_in_flight < 9",
        more=("--junit", "found.xml", "-o", "json"),
        environ={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")},
    )
    assert code == ExitCode.NO
    shown = published(out(deps))
    assert (shown["ok"], [each["ok"] for each in shown["assertions"]]) == (False, [False, True])
    assert [row["value"] for row in shown["assertions"][0]["series"] if not row["ok"]] == ["5"]
    suite = ET.parse(tmp_path / "found.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "| http_requests_in_flight < 9 | ok |  |" in (tmp_path / "summary.md").read_text()
    assert err(deps).startswith("::error title=http_requests_in_flight < 3::does not hold for 1 of 2 series")


@pytest.mark.parametrize(
    ("text", "caret"),
    [
        ("http_requests_in_flight", 0),
        ("sum(http_requests_in_flight) and vector(1)", None),
        ("http_requests_in_flight < http_requests_in_flight", None),
        ("http_requests_in_flight <", 25),
    ],
)
def test_what_is_no_assertion_is_a_usage_error(root: Path, text: str, caret: int | None) -> None:
    with pytest.raises(WattosError) as caught:
        judged(root, text)
    assert caught.value.exit_code == ExitCode.USAGE
    if caret is not None:
        assert caught.value.message.split("\n")[-1] == f"  {' ' * caret}^"


def test_a_metric_that_nobody_has_is_named(root: Path) -> None:
    code, deps = judged(root, "http_requests_inflight < 3", "http_requests_in_flight < 9")
    assert code == ExitCode.NO
    lines = out(deps).splitlines()
    assert lines[0].endswith(
        "no data: no such series: http_requests_inflight; did you mean http_requests_in_flight?"
    )
    assert lines[1].startswith("ok  ")


def test_a_supervisor_that_does_not_scrape_in_time_is_told(tmp_path: Path) -> None:
    write_running(tmp_path)
    services = Project(tmp_path).services_file
    address = str(tmp_path / "s")
    services.write_text(json.dumps({**json.loads(services.read_text()), "control_socket": address}))
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(address)
        silent.listen()
        with pytest.raises(WattosError) as caught:
            scrape_now(make_deps(cwd=tmp_path), timeout_s=0.05)
    assert caught.value.code == "supervisor_silent"


def test_a_scrape_is_forced_so_the_platform_must_run(root: Path) -> None:
    with pytest.raises(WattosError) as caught:
        execute(["metrics", "query", "--assert", "up == 1"], deps=make_deps(cwd=root))
    assert caught.value.exit_code == ExitCode.UNREACHABLE


def test_a_report_that_cannot_be_written_is_no_failed_assertion(root: Path) -> None:
    (root / "file").write_text("")
    with pytest.raises(WattosError, match="cannot write") as caught:
        judged(root, "http_requests_in_flight < 6", more=("--junit", "file/found.xml"))
    assert (caught.value.code, caught.value.exit_code) == ("not_writable", ExitCode.USAGE)
