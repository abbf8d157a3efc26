"""`wattos health` probes all replicas at once and says which is not well."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.fakes.cli.deps import FakeTime, err, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.commands.health import run
from wattos_cli.commands.health.options import FailOn, Options, Output, Probe
from wattos_cli.deps import NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError

GOOD = {"status": "healthy", "checks": {"db": {"status": "up"}}, "info": {"retrieval": "bm25"}}
DEGRADED = {
    "status": "degraded",
    "message": "Something is missing",
    "checks": {"redis": {"status": "down", "message": "refused"}},
}


def ops(name: str) -> str:
    return f"unix:/run/{name}.sock"


@pytest.fixture
def http(tmp_path: Path) -> FakeHttp:
    write_running(tmp_path, {"name": "chat"}, {"name": "rag"})
    http = FakeHttp()
    for name in ("chat", "rag"):
        http.answer(ops(name), "/health", GOOD)
        http.answer(ops(name), "/health/readiness", {"status": "ready"})
    return http


def health(tmp_path: Path, http: FakeHttp, **options: Any) -> tuple[ExitCode, Any]:
    deps = make_deps(cwd=tmp_path, http=http, json_output=True)
    code = run(Options(output=Output.JSON, **options), deps)
    return code, published(out(deps))


def test_healthy(tmp_path: Path, http: FakeHttp) -> None:
    code, body = health(tmp_path, http)
    assert (code, body["status"], [row["name"] for row in body["services"]]) == (
        0,
        "healthy",
        ["chat", "rag"],
    )
    assert body["info"] == {"retrieval": "bm25"}


@pytest.mark.parametrize(("fail_on", "expected"), [(FailOn.UNHEALTHY, 0), (FailOn.DEGRADED, 1)])
def test_degraded_fails_only_on_request(
    tmp_path: Path, http: FakeHttp, fail_on: FailOn, expected: int
) -> None:
    http.answer(ops("rag"), "/health", DEGRADED)
    code, body = health(tmp_path, http, fail_on=fail_on)
    assert (code, body["status"]) == (expected, "degraded")


def test_one_dead_service_is_unhealthy(tmp_path: Path, http: FakeHttp) -> None:  # defect-72
    http.replies[ops("rag"), "/health"] = NoReplyError("connection refused")
    code, body = health(tmp_path, http)
    assert (code, body["services"][1]["error"]) == (1, "connection refused")


def test_all_dead_means_not_running(tmp_path: Path) -> None:
    write_running(tmp_path, {"name": "chat"})
    with pytest.raises(WattosError) as caught:
        run(Options(), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.UNREACHABLE


def test_hung_service_delays_no_other(tmp_path: Path, http: FakeHttp) -> None:
    http.replies[ops("rag"), "/health"] = 30.0
    code, body = health(tmp_path, http, probe_timeout_s=0.5)
    assert code == ExitCode.NO
    assert [row["status"] for row in body["services"]] == ["healthy", "unhealthy"]
    assert body["services"][1]["error"] == "no answer within 0.5 s"


def test_probe_decides_the_path(tmp_path: Path, http: FakeHttp) -> None:
    http.answer(ops("rag"), "/health/readiness", {"status": "not_ready", "message": "Draining"}, 503)
    code, body = health(tmp_path, http, probe=Probe.READINESS)
    assert (code, body["services"][1]["error"]) == (1, "Draining")


def test_wait_goes_on_until_all_is_well(tmp_path: Path, http: FakeHttp) -> None:
    http.answer(ops("rag"), "/health", {"status": "unhealthy", "message": "starting"}, 503)
    fake_time = FakeTime()

    def sleep(seconds: float) -> None:
        fake_time.sleep(seconds)
        http.answer(ops("rag"), "/health", GOOD)

    deps = make_deps(cwd=tmp_path, http=http, time=fake_time)
    deps.sleep = sleep
    assert run(Options(wait_s=10), deps) == ExitCode.OK


def test_wait_ends_at_its_time(tmp_path: Path, http: FakeHttp) -> None:
    http.answer(ops("rag"), "/health", {"status": "unhealthy", "message": "starting"}, 503)
    assert run(Options(wait_s=3), make_deps(cwd=tmp_path, http=http)) == ExitCode.NO


def test_table_names_the_reason_and_what_is_set_up(tmp_path: Path, http: FakeHttp) -> None:
    http.answer(ops("rag"), "/health", DEGRADED)
    deps = make_deps(cwd=tmp_path, http=http, width=120)
    run(Options(), deps)
    lines = out(deps).splitlines()
    assert lines[0].split() == ["SERVICE", "STATUS", "ANSWERED", "IN", "DETAILS"]
    assert lines[2].split()[:2] == ["rag", "degraded"]
    assert "redis down: refused" in lines[2]
    assert lines[3] == "retrieval: bm25"


def test_junit_summary_and_annotations(tmp_path: Path, http: FakeHttp) -> None:
    http.replies[ops("rag"), "/health"] = NoReplyError("connection refused")
    summary = tmp_path / "summary.md"
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    deps = make_deps(cwd=tmp_path, http=http, environ=environ)
    run(Options(junit=Path("h.xml")), deps)
    suite = ET.fromstring((tmp_path / "h.xml").read_text())
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "| rag | unhealthy |" in summary.read_text()
    assert "::error title=rag is unhealthy::connection refused" in err(deps)


def test_replicas_are_told_apart(tmp_path: Path) -> None:
    write_running(
        tmp_path, {"name": "chat", "ops_socket": "/a"}, {"name": "chat", "replica": 1, "ops_socket": "/b"}
    )
    http = FakeHttp(
        {("unix:/a", "/health"): Reply(200, {}, b"{}"), ("unix:/b", "/health"): Reply(503, {}, b"?")}
    )
    deps = make_deps(cwd=tmp_path, http=http)
    assert run(Options(), deps) == ExitCode.NO
    assert [line.split()[:2] for line in out(deps).splitlines()[1:]] == [
        ["chat-0", "healthy"],
        ["chat-1", "unhealthy"],
    ]


def test_own_services_are_asked_at_their_health_url(tmp_path: Path, http: FakeHttp) -> None:
    (tmp_path / "wattos.toml").write_text(
        "[services.shop]\ncommand=['x']\nhealth='/ok'\n[services.mail]\ncommand=['x']\n"
    )
    write_running(
        tmp_path,
        {"name": "shop", "kind": "own", "url": "http://127.0.0.1:8000"},
        {"name": "mail", "kind": "own", "url": None, "state": "not_ready"},
    )
    http.answer("http://127.0.0.1:8000", "/ok", {"anything": 1})
    code, body = health(tmp_path, http)
    assert [(row["status"], row["error"]) for row in body["services"]] == [
        ("healthy", None),
        ("unhealthy", "state: not_ready"),
    ]
    assert code == ExitCode.NO


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [("caht", ExitCode.USAGE, "Did you mean 'chat'?"), ("agent", ExitCode.UNREACHABLE, "running: chat, rag")],
)
def test_service_that_does_not_run(tmp_path: Path, http: FakeHttp, name: str, code: int, text: str) -> None:
    with pytest.raises(WattosError) as caught:
        run(Options(services=(name,)), make_deps(cwd=tmp_path, http=http))
    assert text in caught.value.message
    assert caught.value.exit_code == code


def test_wait_tells_whom_it_waits_for_once(tmp_path: Path, http: FakeHttp) -> None:
    http.answer(ops("rag"), "/health", {"status": "unhealthy", "message": "starting"}, 503)
    http.answer(ops("chat"), "/health", DEGRADED)
    deps = make_deps(cwd=tmp_path, http=http)
    assert run(Options(wait_s=5), deps) == ExitCode.NO
    assert err(deps).splitlines()[:1] == ["waiting for rag (unhealthy)"]
    assert err(deps).count("waiting for") == 1


def test_wait_names_a_platform_that_is_not_there_yet(tmp_path: Path) -> None:
    deps = make_deps(cwd=tmp_path)
    with pytest.raises(WattosError) as caught:
        run(Options(wait_s=2, junit=Path("h.xml")), deps)
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert err(deps) == "waiting for the platform\n"
    suite = ET.fromstring((tmp_path / "h.xml").read_text())
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert "the platform is not running" in suite[0][0].attrib["message"]


def test_what_fails_the_command_fails_the_case(tmp_path: Path, http: FakeHttp) -> None:
    http.answer(ops("rag"), "/health", DEGRADED)
    for fail_on, failures in ((FailOn.UNHEALTHY, "0"), (FailOn.DEGRADED, "1")):
        deps = make_deps(cwd=tmp_path, http=http)
        code = run(Options(fail_on=fail_on, output=Output.JUNIT), deps)
        assert (ET.fromstring(out(deps)).get("failures"), str(int(code))) == (failures, failures)


class StoppedError(Exception):
    """Ctrl-C."""


def test_watch_shows_a_platform_that_ends_and_comes_back(tmp_path: Path, http: FakeHttp) -> None:
    replies = dict(http.replies)
    fake_time = FakeTime()
    rounds = []

    def sleep(seconds: float) -> None:
        fake_time.sleep(seconds)
        rounds.append(seconds)
        if len(rounds) == 1:
            for name in ("chat", "rag"):
                http.replies[ops(name), "/health"] = NoReplyError("connection refused")
        elif len(rounds) == 2:
            http.replies.update(replies)
        else:
            raise StoppedError

    deps = make_deps(cwd=tmp_path, http=http, json_output=True, time=fake_time)
    deps.sleep = sleep
    with pytest.raises(StoppedError):
        run(Options(watch=True, output=Output.JSON), deps)
    shown = [published(line) for line in out(deps).splitlines()]
    assert [each["status"] for each in shown] == ["healthy", "unhealthy", "healthy"]
    assert "the platform is not running" in shown[1]["services"][0]["error"]
    assert rounds == [2.0, 2.0, 2.0]


def test_watch_draws_over_the_frame_before(tmp_path: Path, http: FakeHttp) -> None:
    fake_time = FakeTime()
    deps = make_deps(cwd=tmp_path, http=http, time=fake_time, width=80, terminal=True)
    deps.console.animate = True
    rounds = []

    def sleep(seconds: float) -> None:
        rounds.append(seconds)
        http.answer(ops("rag"), "/health", DEGRADED)
        if len(rounds) == 2:
            raise StoppedError

    deps.sleep = sleep
    with pytest.raises(StoppedError):
        run(Options(watch=True), deps)
    drawn = out(deps).replace("\033[?7l", "").replace("\033[?7h", "")  # a line never goes on in the next one
    first, second = drawn.split("\033[H")[1:]
    assert drawn.startswith("\033[2J\033[H")
    assert "\033[2J" not in second
    assert "degraded" not in first
    assert "redis down: refused" in second
    for frame in (first, second):
        assert frame.endswith("\033[J")
        lines = frame.removesuffix("\033[J").splitlines()
        assert all(line.endswith("\033[K") for line in lines)
        assert max(len(line.removesuffix("\033[K")) for line in lines) <= 80
        assert "UTC; every 2 s, Ctrl-C ends" in lines[-1]
    assert err(deps) == ""
