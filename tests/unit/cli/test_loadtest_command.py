import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from tests.fakes.cli import err, make_deps, out, write_running
from tests.fakes.cli_http import FakeHttp
from tests.fakes.load_generation import FakeLoad, second
from wattos_cli.app import TREE, execute
from wattos_cli.commands.loadtest import run as command
from wattos_cli.commands.loadtest.options import Options
from wattos_cli.deps import Deps, NoReplyError, Reply
from wattos_cli.dispatch.tree import with_default_verb
from wattos_cli.errors import ExitCode, WattosError

ROOT = Path(__file__).resolve().parents[3]
OPS = "unix:/run/gateway.sock"
URL = "http://127.0.0.1:3001"
SERVICES = ("gateway", "llm-gateway", "chat", "rag", "agent")


@pytest.fixture
def http(tmp_path: Path) -> FakeHttp:
    write_running(tmp_path, *({"name": name, "url": URL} for name in SERVICES))
    http = FakeHttp()
    http.answer(OPS, "/admin/tokens", {"token": "wk_secret", "id": "k1"}, 201)
    http.answer(OPS, "/admin/tokens/revoke", {"id": "k1"})
    http.answer(URL, "/health/liveness", {})
    http.replies[URL, "/v1/models"] = Reply(200, {"ratelimit-policy": '"tenant";q=1000;w=60'}, b"{}")
    return http


@pytest.fixture
def deps(tmp_path: Path, http: FakeHttp) -> Deps:
    return make_deps(cwd=tmp_path, http=http)


def one_second(*latencies_ms: float, raises: tuple[int, BaseException] | None = None) -> FakeLoad:
    return FakeLoad([second(0, *latencies_ms)], raises=raises)


def paths(http: FakeHttp) -> list[str]:
    return [request[2] for request in http.requests]


def test_a_run_that_keeps_its_thresholds(deps: Deps, http: FakeHttp) -> None:
    load = one_second(10, 20, 30)
    assert command.run(Options(users=2), deps, start=load.start) == ExitCode.OK
    assert "smoke: pass, 3 requests in 1.0 s (3.0/s), 0 failed\n" in out(deps)
    assert "tenant loadtest: 2 keys of 6000 requests a minute each" in err(deps)
    assert '"tenant";q=1000;w=60' in err(deps)
    assert "wk_secret" not in out(deps) + err(deps)
    assert load.plan is not None
    assert (load.plan.users, load.plan.host, list(load.plan.tokens)) == (
        2,
        URL,
        ["wk_secret"] * 2,
    )
    assert paths(http).count("/admin/tokens") == 2
    assert paths(http)[-2:] == ["/admin/tokens/revoke"] * 2
    body = http.requests[paths(http).index("/admin/tokens")][3]
    assert (body["tenant"], body["limits"], body["ttl_s"]) == ("loadtest", {"per_minute": 6000}, 320)


@pytest.mark.parametrize(
    ("latencies", "threshold", "code"),
    [
        pytest.param([10.0], "p95<500ms", ExitCode.OK, id="0-holds"),
        pytest.param([900.0], "p95<500ms", ExitCode.NO, id="1-missed"),
        pytest.param([], "p95<500ms", ExitCode.NO, id="1-no-sample"),
        pytest.param([10.0], "itl:p95<500ms", ExitCode.NO, id="1-no-sample-of-the-metric"),
    ],
)
def test_thresholds_decide_the_exit_code(
    deps: Deps, latencies: list[float], threshold: str, code: ExitCode
) -> None:
    options = Options(thresholds=(threshold,))
    assert command.run(options, deps, start=one_second(*latencies).start) == code


def test_every_report_says_the_same(deps: Deps, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    environ = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
    deps = replace(deps, environ=environ, console=replace(deps.console, json_output=True))
    options = Options(
        thresholds=("p95<15ms", "errors:rate<1%"),
        json_file=Path("r.json"),
        junit_file=Path("new/j.xml"),
        report_dir=Path("out"),
    )
    assert command.run(options, deps, start=one_second(10, 20).start) == ExitCode.NO
    result = json.loads(out(deps))
    schema = json.loads((ROOT / "docs/reference/schemas/wattos.loadtest.v1.json").read_text())
    jsonschema.validate(result, schema)
    assert json.loads((tmp_path / "r.json").read_text()) == result
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == result
    suite = ET.fromstring((tmp_path / "new" / "j.xml").read_text())
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert (suite.get("tests"), failed) == ("3", ["p95<15ms"])
    assert (tmp_path / "out" / "junit.xml").read_text() == (tmp_path / "new" / "j.xml").read_text()
    assert "| p95<15ms | 20 | failed |" in summary.read_text()
    assert (tmp_path / "out" / "summary.md").read_text() == summary.read_text()
    assert "::error title=wattos loadtest smoke::p95<15ms: measured 20" in err(deps)


def test_keys_are_revoked_whatever_happens(deps: Deps, http: FakeHttp) -> None:
    with pytest.raises(KeyboardInterrupt):
        command.run(Options(users=3), deps, start=one_second(raises=(0, KeyboardInterrupt())).start)
    assert paths(http)[-3:] == ["/admin/tokens/revoke"] * 3


def test_a_gateway_that_is_gone_afterwards_is_a_note(deps: Deps, http: FakeHttp) -> None:
    http.replies[OPS, "/admin/tokens/revoke"] = NoReplyError("connection refused")
    assert command.run(Options(), deps, start=one_second(10).start) == ExitCode.OK
    assert "keys of the load test could not be revoked" in err(deps)


def refused(options: Options, deps: Deps) -> WattosError:
    load = one_second(10)
    with pytest.raises(WattosError) as caught:
        command.run(options, deps, start=load.start)
    assert load.plan is None
    return caught.value


def test_nothing_runs_here(tmp_path: Path) -> None:
    error = refused(Options(), make_deps(cwd=tmp_path))
    assert error.exit_code == ExitCode.UNREACHABLE


def test_the_service_that_is_down_is_named(tmp_path: Path, http: FakeHttp) -> None:
    rows = [{"name": name, "url": URL} for name in SERVICES if name != "rag"]
    rows[2]["state"] = "backoff"
    write_running(tmp_path, *rows)
    error = refused(Options(), make_deps(cwd=tmp_path, http=http))
    assert error.message == "the target is not there: chat is backoff, rag is not running"
    assert error.exit_code == ExitCode.UNREACHABLE


def test_a_gateway_that_does_not_answer(deps: Deps, http: FakeHttp) -> None:
    http.replies[URL, "/health/liveness"] = NoReplyError("connection refused")
    error = refused(Options(), deps)
    assert (error.exit_code, URL in error.message) == (ExitCode.UNREACHABLE, True)


def test_another_host_gets_the_token_of_the_environment(deps: Deps, http: FakeHttp) -> None:
    http.answer("http://other:1", "/health/liveness", {})
    deps = replace(deps, environ={"WATTOS_TOKEN": "wk_theirs"})
    load = one_second(10)
    assert command.run(Options(host="http://other:1/"), deps, start=load.start) == ExitCode.OK
    assert load.plan is not None
    assert (load.plan.host, load.plan.tokens) == ("http://other:1", ["wk_theirs"])
    assert "/admin/tokens" not in paths(http)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (Options(users=0), "--users 0"),
        (Options(users=100_000), "--users 100000"),
        (Options(spawn_rate=-1.0), "--spawn-rate -1"),
        (Options(thresholds=("p95<",)), "--threshold: expected a number at column 5"),
        (Options(thresholds=("cpu:p95<1",)), "unknown metric 'cpu'"),
        (Options(scenario="smok"), "Did you mean 'smoke'?"),
        (Options(junit_file=Path("/proc/nothing/j.xml")), "cannot write /proc/nothing/j.xml"),
        (Options(host="localhost:3001"), "--host localhost:3001: expected http://"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_command_line_is_told_before_anything_starts(
    deps: Deps, http: FakeHttp, options: Options, says: str
) -> None:
    error = refused(options, deps)
    assert (error.exit_code, says in error.message) == (ExitCode.USAGE, True)
    assert http.requests == []


@pytest.mark.parametrize(
    "argv",
    [
        ["loadtest", "smoke", "--users", "5"],
        ["loadtest", "--users", "5", "smoke"],
        ["loadtest", "run", "smoke", "--users", "5"],
        ["-o", "json", "loadtest", "smoke", "--users", "5"],
    ],
    ids=" ".join,
)
def test_the_verb_may_be_left_out_and_options_stand_anywhere(deps: Deps, argv: list[str]) -> None:
    rewritten = with_default_verb(argv, TREE, frozenset({"-o"}))
    assert [word for word in rewritten if word in {"loadtest", "run"}] == ["loadtest", "run"]
    with pytest.raises(WattosError, match=r"--users 0") as caught:
        execute([word.replace("5", "0") for word in argv], TREE, deps)
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_parser_hands_over_what_was_typed(deps: Deps) -> None:
    seen: list[Options] = []

    def fake(opts: Options, _deps: Deps) -> ExitCode:
        seen.append(opts)
        return ExitCode.OK

    command.command(run=fake)(deps, scenario="chat", users=5, duration="90s", threshold=["p95<1s"])
    assert seen == [Options("chat", users=5, duration_s=90.0, thresholds=("p95<1s",))]
