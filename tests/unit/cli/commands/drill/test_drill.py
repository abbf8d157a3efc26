"""`wattos drill`: what it refuses before anything is broken, what it says, and its exit codes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.fakes.cli.deps import err, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from tests.fakes.drills.files import OUTAGE
from tests.fakes.drills.harness import House, harness
from tests.fakes.drills.house import start_of_the_page
from wattos_cli.app import TREE, execute
from wattos_cli.commands.drill.options import Options
from wattos_cli.commands.drill.reports import Reports
from wattos_cli.commands.drill.run import run_all
from wattos_cli.deps import Deps
from wattos_cli.dispatch import lazy
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.files.built_in import built_in_names
from wattos_cli.drills.files.catalogue import drills_called
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.render.drill import step_line
from wattos_cli.report_folder import alone_in

RIGHT = OUTAGE.replace("[load]", '[requires]\nproviders = ["openai"]\n[load]').replace(
    "[[assertions]]", '[[assertions]]\nname = "opens"'
)
SIMULATOR = "http://127.0.0.1:3095"
OPS = "unix:/run/llm-gateway.sock"
START_ALL = "wattos up --with redis,simulator --provider openai --recreate"
START = "start it with: wattos up --with simulator --provider openai --recreate"


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    (tmp_path / "mine.toml").write_text(RIGHT)
    return drills_called(["mine.toml"], tmp_path)[0]


def platform(root: Path, *names: str, **info: str) -> Deps:
    write_running(root, *({"name": name} for name in names))
    http = FakeHttp()
    http.answer(OPS, "/health", {"status": "healthy", "checks": {}, "info": info})
    return make_deps(cwd=root, http=http)


def refused(deps: Deps, *argv: str) -> WattosError:
    with pytest.raises(WattosError) as caught:
        execute(["drill", "run", *argv], deps=deps)
    return caught.value


def test_without_a_platform_it_names_the_command_that_starts_what_is_needed(
    tmp_path: Path, drill: Drill
) -> None:
    error = refused(make_deps(cwd=tmp_path), "./mine.toml")
    assert (error.exit_code, error.code, error.hint) == (
        ExitCode.UNREACHABLE,
        "platform_not_running",
        START,
    )


def test_a_drill_that_is_named_is_run_without_the_verb(tmp_path: Path, drill: Drill) -> None:
    with pytest.raises(WattosError) as caught:
        execute(
            ["drill", "./mine.toml", "--junit", str(tmp_path / "drills.xml")], deps=make_deps(cwd=tmp_path)
        )
    assert (caught.value.code, caught.value.hint) == ("platform_not_running", START)
    with pytest.raises(WattosError, match="Did you mean 'llm-outage'"):
        execute(["drill", "llm-outrage"], deps=make_deps(cwd=tmp_path))


def test_without_the_simulator_it_does_not_begin(tmp_path: Path, drill: Drill) -> None:
    error = refused(platform(tmp_path, "gateway", "llm-gateway"), "./mine.toml")
    assert (error.exit_code, error.hint) == (ExitCode.UNREACHABLE, START)
    assert error.message == "mine cannot run here: simulator is not running"


@pytest.mark.parametrize(
    ("info", "code", "told"),
    [
        ({"providers": "openai, local"}, "real_provider", "openai would be asked for real by llm-gateway-0"),
        (
            {"providers": "openai, azure, local", "simulated": "openai"},
            "real_provider",
            "azure would be asked for real",
        ),
        ({"providers": "local"}, "provider_missing", "llm-gateway-0 has no provider openai (it has: none)"),
        (
            {"providers": "google, local", "simulated": "google"},
            "provider_missing",
            "has no provider openai (it has: google)",
        ),
    ],
)
def test_a_real_provider_is_never_struck(
    tmp_path: Path, drill: Drill, info: dict[str, str], code: str, told: str
) -> None:
    error = refused(platform(tmp_path, "gateway", "llm-gateway", "simulator", **info), "./mine.toml")
    assert (error.exit_code, error.code, error.hint) == (ExitCode.UNREACHABLE, code, START)
    assert told in error.message


def test_a_service_that_was_started_without_redis_is_named(tmp_path: Path) -> None:
    names = ("gateway", "llm-gateway", "chat", "rag")
    write_running(tmp_path, *({"name": name} for name in names), {"name": "redis", "kind": "component"})
    http = FakeHttp()
    for name in ("gateway", "chat"):
        http.answer(f"unix:/run/{name}.sock", "/health", {"status": "healthy", "checks": {"redis": {}}})
    http.answer(OPS, "/health", {"status": "healthy", "checks": {"database": {}}})
    error = refused(make_deps(cwd=tmp_path, http=http), "redis-loss")
    assert (error.exit_code, error.code, error.details["replicas"]) == (
        ExitCode.UNREACHABLE,
        "redis_unused",
        ["llm-gateway-0"],
    )
    assert error.message.endswith("Redis runs, but these were started without it: llm-gateway-0")
    assert error.hint == "start it with: wattos up --with redis --recreate"


def test_what_a_killed_drill_left_is_told_before_anything_begins(tmp_path: Path, drill: Drill) -> None:
    rows = [{"name": "gateway"}, {"name": "llm-gateway"}, {"name": "simulator", "url": SIMULATOR}]
    write_running(tmp_path, *rows)
    http = FakeHttp()
    info = {"providers": "openai, local", "simulated": "openai"}
    http.answer(OPS, "/health", {"status": "healthy", "checks": {}, "info": info})
    fault = {"id": "1", "spec": {"kind": "status", "status": 503, "ttl_s": 48.0}, "left_s": 40.2, "struck": 5}
    http.answer(SIMULATOR, "/simulator/faults", {"faults": [fault]})
    row = {"name": "llm:openai", "state": "open", "retry_after_s": 12.4, "reason": None}
    http.answer(OPS, "/admin/breakers", {"breakers": [row]})
    error = refused(make_deps(cwd=tmp_path, http=http), "./mine.toml")
    assert (error.exit_code, error.code) == (ExitCode.UNREACHABLE, "broken_already")
    assert error.details["broken"] == [
        "every provider: status 503 for another 40 s",
        "breaker llm:openai is open in llm-gateway-0 for another 12 s",
    ]
    assert error.hint == (
        f"wait until it has ended, or end it now: curl -s -X DELETE {SIMULATOR}/simulator/faults"
        " && wattos breaker reset llm:openai --reason 'before a drill'"
    )
    assert {method for method, *_ in http.requests} == {"GET"}, "nothing was changed"


def test_load_on_a_model_of_a_provider_is_refused_too(tmp_path: Path) -> None:
    text = RIGHT.replace('[requires]\nproviders = ["openai"]\n', "")
    text = text.replace(
        'kind = "simulator"\nrequest = { kind = "status", status = 503 }', 'kind = "breaker"\nname = "x"'
    )
    (tmp_path / "mine.toml").write_text(text.replace("[phases]", 'model = "gpt-4o"\n[phases]'))
    deps = platform(tmp_path, "gateway", "llm-gateway", providers="openai, local")
    assert refused(deps, "./mine.toml").code == "real_provider"


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "which drills? name some, or all with --all"),
        (
            ["--all", "llm-outage", "llm-429"],
            "--all means every built-in drill: it does not go with llm-outage llm-429",
        ),
    ],
)
def test_which_drills_must_be_said(tmp_path: Path, argv: list[str], told: str) -> None:
    error = refused(make_deps(cwd=tmp_path), *argv)
    assert (error.exit_code, error.message) == (ExitCode.USAGE, told)


def performed(tmp_path: Path, drill: Drill, house: House, **given: Any) -> tuple[ExitCode, Deps]:
    deps = make_deps(cwd=tmp_path, **given)
    reports = Reports(
        deps, Options(report_dir=Path("out"), junit_file=Path("d.xml"), json_file=Path("d.json")), ["mine"]
    )
    return run_all([drill, drill], harness(house), deps, reports.add), deps


def test_a_drill_that_passes_is_told_and_reported(tmp_path: Path, drill: Drill) -> None:
    summary = tmp_path / "summary.md"
    code, deps = performed(tmp_path, drill, House(), environ={"GITHUB_STEP_SUMMARY": str(summary)})
    assert code == ExitCode.OK
    assert "ok  fault: opens  (noticed after 1.0 s: llm-gateway-0 open)" in err(deps)
    assert out(deps).startswith("mine: pass in 1")
    lines = (tmp_path / "d.json").read_text().splitlines()
    assert [published(line)["verdict"] for line in lines] == ["pass", "pass"]
    assert published((tmp_path / "out/mine.json").read_text())["drill"] == "mine"
    assert "| time to open | " in (tmp_path / "out/mine.md").read_text()
    assert "### wattos drill: mine: pass in " in summary.read_text()
    suite = ET.fromstring((tmp_path / "d.xml").read_text())
    assert (suite.get("failures"), suite.get("tests")) == ("0", "10")
    assert (tmp_path / "out/junit.xml").read_text() == (tmp_path / "d.xml").read_text()


def test_one_that_fails_ends_with_1_and_says_what(tmp_path: Path, drill: Drill) -> None:
    code, deps = performed(
        tmp_path, drill, House(until_open_s=None), environ={"GITHUB_ACTIONS": "true"}, json_output=True
    )
    assert code == ExitCode.NO
    assert published(out(deps).splitlines()[0])["verdict"] == "fail"
    assert "::error title=wattos drill mine::fault: opens: not within 3 s: llm-gateway-0 closed" in err(deps)
    assert ET.fromstring((tmp_path / "d.xml").read_text()).get("failures") == "2"


def test_one_that_says_nothing_ends_with_4(tmp_path: Path, drill: Drill) -> None:
    code, deps = performed(tmp_path, drill, House(load_lasts_s=5.0))
    assert code == ExitCode.UNREACHABLE
    assert "mine: invalid in " in out(deps)


def interrupt(house: House) -> Callable[[], None]:
    def on_sleep() -> None:
        if house.is_ill:
            raise KeyboardInterrupt

    return on_sleep


def test_ctrl_c_ends_it_with_130_and_a_report_and_begins_no_other(tmp_path: Path, drill: Drill) -> None:
    house, deps = House(), make_deps(cwd=tmp_path)
    reports = Reports(deps, Options(json_file=Path("d.json")), ["mine"])
    code = run_all([drill, drill], harness(house, on_sleep=interrupt(house)), deps, reports.add)
    assert code == ExitCode.INTERRUPTED
    (line,) = (tmp_path / "d.json").read_text().splitlines()
    assert (published(line)["verdict"], published(line)["reason"]) == ("invalid", "interrupted")
    assert house.events.count("load begins") == 1


def test_no_room_for_the_report_leaves_the_result_on_stdout(tmp_path: Path, drill: Drill) -> None:
    deps = make_deps(cwd=tmp_path)
    reports = Reports(deps, Options(report_dir=Path("out"), json_file=Path("/dev/full")), ["mine"])
    with pytest.raises(WattosError, match=r"mine is over \(pass\).*No space left on device") as caught:
        run_all([drill], harness(House()), deps, reports.add)
    assert (caught.value.code, caught.value.exit_code) == ("report_not_written", ExitCode.NO)
    assert caught.value.hint == "the result is in out/mine.json; make room, then run it again"
    assert "mine: pass" in out(deps)
    assert "written: out/junit.xml, out/mine.json, out/mine.md" in err(deps).splitlines(), "and not /dev/full"
    assert json.loads((tmp_path / "out/mine.json").read_text())["verdict"] == "pass"


def test_a_report_that_cannot_be_written_is_told_before_anything_begins(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WattosError) as caught:
        Reports(make_deps(cwd=tmp_path), Options(report_dir=Path("file/out")), ["mine"])
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_folder_of_another_run_is_refused_before_anything_begins(tmp_path: Path, drill: Drill) -> None:
    info = {"providers": "openai, local", "simulated": "openai"}
    deps = platform(tmp_path, "gateway", "llm-gateway", "simulator", **info)
    (tmp_path / "out").mkdir()
    with alone_in(tmp_path / "out"):
        error = refused(deps, "./mine.toml", "--report", "out")
    assert (error.code, error.exit_code) == ("report_folder_in_use", ExitCode.USAGE)


def test_one_file_is_not_two_reports(tmp_path: Path) -> None:
    options = Options(json_file=Path("same"), junit_file=Path("./same"))
    with pytest.raises(WattosError, match="--junit same would be written over --json") as caught:
        Reports(make_deps(cwd=tmp_path), options, ["mine"])
    assert (caught.value.exit_code, list(tmp_path.iterdir())) == (ExitCode.USAGE, [])


def test_the_list_names_every_built_in_drill() -> None:
    deps = make_deps()
    assert execute(["drill"], deps=deps) == ExitCode.OK
    assert [line.split()[0] for line in out(deps).splitlines()] == ["DRILL", *built_in_names()]
    deps = replace(make_deps(), console=replace(make_deps().console, json_output=True))
    assert execute(["drill", "list"], deps=deps) == ExitCode.OK
    assert [row["name"] for row in published(out(deps))["drills"]] == built_in_names()


def test_the_list_cuts_no_sentence_on_a_narrow_terminal() -> None:
    deps = make_deps(width=60, terminal=True)
    assert execute(["drill"], deps=deps) == ExitCode.OK
    lines = out(deps).splitlines()
    assert max(map(len, lines)) <= 60
    assert "First the model provider fails, then rag cannot reach the model gateway." in " ".join(
        out(deps).split()
    )
    assert err(deps).endswith(f"for all of them: {START_ALL}\n")


def test_the_page_starts_what_every_drill_needs() -> None:
    assert start_of_the_page() == START_ALL


def test_a_step_is_broken_between_words_below_where_it_begins() -> None:
    step = {"at_s": 5.8, "ok": True, "name": "fault: the breaker opens", "detail": "noticed after 1.1 s"}
    assert step_line(step, color=False) == "   5.8 s  ok  fault: the breaker opens  (noticed after 1.1 s)"
    assert step_line(step, color=False, width=50).splitlines() == [
        "   5.8 s  ok  fault: the breaker opens  (noticed",
        "              after 1.1 s)",
    ]


def test_show_prints_the_file_and_what_is_understood(tmp_path: Path, drill: Drill) -> None:
    deps = make_deps(cwd=tmp_path)
    assert execute(["drill", "show", "./mine.toml"], deps=deps) == ExitCode.OK
    assert out(deps) == RIGHT
    deps = make_deps(cwd=tmp_path, json_output=True)
    assert execute(["drill", "show", "./mine.toml"], deps=deps) == ExitCode.OK
    shown = published(out(deps))
    assert (shown["phases"]["fault"], shown["fault"][0]["request"]["status"]) == (8.0, 503)
    assert shown["assertions"][0]["breaker"] == "llm:openai"
    assert json.loads(out(deps))["file"] == RIGHT


@pytest.mark.parametrize("verb", ["run", "show"])
def test_a_shell_completes_the_names_of_built_in_drills(verb: str) -> None:
    command = lazy.build(TREE, make_deps()).commands["drill"].commands[verb]
    (argument,) = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    context = command.make_context(verb, [], resilient_parsing=True)
    found = [item.value for item in argument.shell_complete(context, "llm-")]
    assert found == ["llm-429", "llm-outage", "llm-slow"]


def test_the_help_names_every_built_in_drill() -> None:
    page = (Path(__file__).resolve().parents[5] / "docs/reference/cli.md").read_text()
    usage = page[page.index("wattos drill run") :]
    assert [name for name in built_in_names() if name not in usage] == []
