"""`wattos loadtest run`: exit codes, reports, and what is cleaned up in any case."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from tests.fakes.cli.deps import FakeTime, err, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.loadtest.generation import FakeLoad, second
from wattos_cli.app import TREE, execute
from wattos_cli.commands.loadtest import report
from wattos_cli.commands.loadtest import run as command
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.deps import Deps, NoReplyError, Reply
from wattos_cli.dispatch.tree import with_default_verb
from wattos_cli.errors import ExitCode, WattosError

ROOT = Path(__file__).resolve().parents[5]
OPS, LLM = "unix:/run/gateway.sock", "unix:/run/llm-gateway.sock"
FREE = "/admin/models/targets?model=wattos-extractive"
URL = "http://127.0.0.1:3001"
SERVICES = ("gateway", "llm-gateway", "chat", "rag", "agent")


@pytest.fixture
def http(tmp_path: Path) -> FakeHttp:
    write_running(tmp_path, *({"name": name, "url": URL} for name in SERVICES))
    http = FakeHttp()
    http.answer(LLM, FREE, {"targets": [], "providers": []})
    http.answer(OPS, "/admin/tokens", {"token": "wk_secret", "id": "k1"}, 201)
    http.answer(OPS, "/admin/tokens/revoke", {"id": "k1"})
    http.answer(URL, "/health/liveness", {})
    for kind in ("knowledge-spaces", "conversations", "runs"):
        http.answer(URL, f"/api/v1/{kind}?limit=100", {"items": [], "next_cursor": None})
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
    assert "tenant loadtest: 2 keys of 6,000 requests a minute each" in err(deps)
    assert "; the gateway allows 1,000 in 60 s per tenant; no limiter is switched off" in err(deps)
    assert "wk_secret" not in out(deps) + err(deps)
    assert load.plan is not None
    assert (load.plan.users, load.plan.host, list(load.plan.tokens)) == (
        2,
        URL,
        ["wk_secret"] * 2,
    )
    assert paths(http).count("/admin/tokens") == 2
    cleared = ["/api/v1/conversations?limit=100", "/api/v1/runs?limit=100"]
    assert paths(http)[-7:] == [
        "/api/v1/knowledge-spaces?limit=100", *cleared, *cleared, *["/admin/tokens/revoke"] * 2
    ]  # fmt: skip
    assert re.fullmatch("loadtest-[0-9a-f]{8}-", load.plan.prefix)
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
def test_thresholds_decide_the_exit_code(  # defect-75
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
    assert "| p95<15ms | 20.0 ms | failed |" in summary.read_text()
    assert (tmp_path / "out" / "summary.md").read_text() == summary.read_text()
    assert "Failed: p95&lt;15ms does not hold" in (tmp_path / "out" / "report.html").read_text()
    assert "::error title=wattos loadtest smoke::p95<15ms: measured 20.0 ms" in err(deps)


def test_keys_are_revoked_whatever_happens(deps: Deps, http: FakeHttp) -> None:
    with pytest.raises(KeyboardInterrupt):
        command.run(Options(users=3), deps, start=one_second(raises=(0, KeyboardInterrupt())).start)
    assert paths(http)[-3:] == ["/admin/tokens/revoke"] * 3


def test_the_result_is_told_before_anything_is_cleared(deps: Deps, http: FakeHttp) -> None:
    told_by_then: list[str] = []

    class Watching(FakeHttp):
        def request(self, method: str, address: str, path: str, **given: Any) -> Reply:
            if path.startswith("/api/v1/conversations"):
                told_by_then.append(out(deps))
            return super().request(method, address, path, **given)

    deps = replace(deps, http=Watching(http.replies))
    assert command.run(Options(users=1), deps, start=one_second(10).start) == ExitCode.OK
    assert len(told_by_then) == 1
    assert "smoke: pass" in told_by_then[0]


def test_a_gateway_that_is_gone_afterwards_is_a_note(deps: Deps, http: FakeHttp) -> None:
    http.replies[OPS, "/admin/tokens/revoke"] = NoReplyError("connection refused")
    assert command.run(Options(), deps, start=one_second(10).start) == ExitCode.OK
    assert "keys of temporary users could not be revoked" in err(deps)


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


def test_another_host_that_does_not_answer(deps: Deps, http: FakeHttp) -> None:
    http.replies["http://other:1", "/health/liveness"] = NoReplyError("connection refused")
    error = refused(Options(host="http://other:1"), deps)
    assert error.exit_code == ExitCode.UNREACHABLE
    assert error.message == "the target does not answer at http://other:1: connection refused"
    assert "wattos" not in error.hint


def test_another_host_gets_the_token_of_the_environment(deps: Deps, http: FakeHttp) -> None:
    http.answer("http://other:1", "/health/liveness", {})
    deps = replace(deps, environ={"WATTOS_TOKEN": "wk_theirs"})
    load = one_second(10)
    assert command.run(Options(host="http://other:1/"), deps, start=load.start) == ExitCode.OK
    assert load.plan is not None
    assert (load.plan.host, load.plan.tokens) == ("http://other:1", ["wk_theirs"])
    assert "/admin/tokens" not in paths(http)


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


@pytest.mark.parametrize(
    ("options", "users", "duration_s", "told"),
    [
        (Options(), 5, 20, "smoke: 5 users for 20 s"),
        (Options(stages="30s:10,1m:50"), 50, 90, "smoke: 10, then 50 users in 90 s"),
        (Options(rate="50"), 100, 20, "smoke: 50 arrivals a second for 20 s"),
        (Options(rate="10..200", duration_s=60), 400, 60, "smoke: 10 to 200 arrivals a second for 60 s"),
        (Options(rate="5", users=7), 7, 20, "smoke: 5 arrivals a second for 20 s"),
        (Options(rate="1", users=1), 1, 20, "smoke: 1 arrival a second for 20 s"),
        (Options(users=1), 1, 20, "smoke: 1 user for 20 s"),
        (Options(stages="30s:1"), 1, 30, "smoke: 1 user in 30 s"),
        (Options(rate="30s:1..9,1m:9"), 18, 90, "smoke: 1 to 9 arrivals a second for 90 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_shape_of_the_load_reaches_the_generator(
    deps: Deps, options: Options, users: int, duration_s: float, told: str
) -> None:
    load = one_second(10)
    assert command.run(options, deps, start=load.start) == ExitCode.OK
    assert load.plan is not None
    assert (load.plan.users, load.plan.duration_s) == (users, duration_s)
    assert told in err(deps)
    assert len(load.plan.tokens) == min(users, 200)


def test_users_who_come_too_slowly_are_told(deps: Deps) -> None:
    options = Options("chat", users=300, duration_s=10)
    command.run(options, deps, start=one_second(10).start)
    told = "only 50 of 300 users come in 10 s: --spawn-rate is 5 a second"
    assert f"warning: {told}" in err(deps)
    assert told in out(deps)
    command.run(replace(options, spawn_rate=30.0), deps, start=one_second(10).start)
    assert "only 300" not in err(deps) + out(deps)


def test_a_locustfile_of_ones_own_runs_as_a_whole_or_as_its_scenarios_say(
    deps: Deps, http: FakeHttp, tmp_path: Path
) -> None:
    http.answer("http://other:1", "/health/liveness", {}, 404)
    own = tmp_path / "own" / "mine.py"
    own.parent.mkdir()
    own.write_text("from locust import HttpUser\n")
    load = one_second(10)
    options = Options(host="http://other:1", locustfile=Path("own/mine.py"))
    assert command.run(options, deps, start=load.start) == ExitCode.OK
    assert load.plan is not None
    assert (load.plan.locustfile, dict(load.plan.journeys), load.plan.duration_s) == (own, {}, 60)
    (own.parent / "thresholds.toml").write_text(
        '[peak]\njourneys = { Buyer = 2 }\nusers = 3\nduration = "5s"\nthresholds = ["p95<1ms"]\n'
    )
    assert command.run(replace(options, scenario="peak"), deps, start=load.start) == ExitCode.NO
    assert (load.plan.users, dict(load.plan.journeys)) == (3, {"Buyer": 2})
    assert refused(replace(options, scenario="pea"), deps).message.endswith("Did you mean 'peak'?")


def test_a_worker_works_until_its_master_ends_the_run(deps: Deps) -> None:
    load = FakeLoad([])
    load.measured.intervals.append(second(0))
    assert command.run(Options(worker="10.0.0.5:5557"), deps, start=load.start) == ExitCode.OK
    assert load.plan is not None
    assert (load.plan.crew.role, load.plan.crew.address) == ("worker", "10.0.0.5:5557")
    assert out(deps) == ""


def test_a_run_that_cannot_pass_any_more_ends(deps: Deps, http: FakeHttp) -> None:
    http.answer("http://other:1", "/health/liveness", {})
    time = FakeTime()
    deps = replace(deps, sleep=time.sleep, monotonic=time.read, clock=time.read)
    options = Options(host="http://other:1", thresholds=("max<500ms",), duration_s=60)
    seconds = [second(at, 900.0) for at in range(60)]
    assert command.run(options, deps, start=FakeLoad(seconds, time=time).start) == ExitCode.NO
    assert "stopped after 1 s: max<500ms cannot hold any more (now 900 ms; --no-abort goes on)" in out(deps)
    going_on = FakeLoad(seconds, time=time)
    assert command.run(replace(options, abort=False), deps, start=going_on.start) == ExitCode.NO
    assert going_on.measured.total.span_s == 60


def test_a_threshold_of_a_name_that_no_request_has_says_which_there_are(deps: Deps) -> None:
    options = Options(thresholds=("latency{name=nix}:p95<1s", "latency{name=GET /x}:p95<1s"))
    assert command.run(options, deps, start=one_second(10).start) == ExitCode.NO
    assert "no request is called 'nix': there were GET /x" in out(deps)
    assert out(deps).count("no request is called") == 1


FULL = Options(json_file=Path("/dev/full"), junit_file=Path("j.xml"))


@pytest.fixture
def spare(deps: Deps, tmp_path: Path) -> tuple[Deps, Path]:
    (tmp_path / "spare").mkdir()
    return replace(deps, environ={"TMPDIR": str(tmp_path / "spare")}), tmp_path / "spare"


def not_whole(options: Options, deps: Deps) -> WattosError:
    with pytest.raises(WattosError, match="cannot write /dev/full: No space left on device") as caught:
        command.run(options, deps, start=one_second(10).start)
    assert (caught.value.code, caught.value.exit_code) == ("report_not_written", ExitCode.NO)
    return caught.value


def test_a_result_without_room_is_kept_in_the_temporary_folder(spare: tuple[Deps, Path]) -> None:
    deps, folder = spare
    error = not_whole(FULL, deps)
    assert "smoke: pass" in out(deps)
    assert (deps.cwd / "j.xml").read_text().startswith("<?xml")
    (file,) = folder.iterdir()
    assert (
        error.hint
        == f"the result is in {file}; make room, then make them of it: wattos loadtest report {file}"
    )
    assert report.run(report.Options(file), deps) == ExitCode.OK
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_result_that_is_kept_elsewhere_is_named_there(spare: tuple[Deps, Path]) -> None:
    deps, folder = spare
    assert "the result is in out/result.json; " in not_whole(replace(FULL, report_dir=Path("out")), deps).hint
    json_deps = replace(deps, console=replace(deps.console, json_output=True))
    assert "the result stands on stdout; " in not_whole(FULL, json_deps).hint
    assert list(folder.iterdir()) == []


def test_where_no_room_is_at_all_only_the_table_is_left(spare: tuple[Deps, Path]) -> None:
    deps, folder = spare
    folder.rmdir()
    assert "nothing but the table" in not_whole(FULL, deps).hint


def test_before_a_run_no_report_is_there(deps: Deps, http: FakeHttp) -> None:
    http.replies[URL, "/health/liveness"] = NoReplyError("connection refused")
    (deps.cwd / "out").mkdir()
    (deps.cwd / "out" / "result.json").write_text("the last one")
    refused(Options(report_dir=Path("out"), json_file=Path("new/r.json")), deps)
    assert [path.name for path in (deps.cwd / "out").iterdir()] == ["result.json"]
    assert (deps.cwd / "out" / "result.json").read_text() == "the last one"
    assert list((deps.cwd / "new").iterdir()) == []
