"""`wattos loadtest compare`: exit codes, forms, and what cannot be compared."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from loadtests.bench.comparison import names_of
from loadtests.bench.synthetic_runs import Service, mixed_run, run
from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.schemas import published
from wattos_cli.app import TREE, execute
from wattos_cli.commands.loadtest import compare as command
from wattos_cli.errors import ExitCode, WattosError

STEADY = Service()
A, B = Path("a.json"), Path("b.json")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / A).write_text(json.dumps(run(STEADY, 40, 1)))
    return tmp_path


def later(folder: Path, service: Service = STEADY) -> None:
    (folder / B).write_text(json.dumps(run(service, 40, 2)))


def test_no_regression_is_0(here: Path) -> None:
    later(here)
    deps = make_deps(cwd=here)
    assert command.run(command.Options(A, B), deps) == ExitCode.OK
    assert out(deps).splitlines()[0].split() == ["METRIC", "BASELINE", "NOW", "CHANGE", "BETWEEN", "VERDICT"]
    assert "against a.json: no regression" in err(deps)


@pytest.mark.parametrize("file", [A, B])
def test_neither_result_is_written_over(here: Path, file: Path) -> None:
    later(here)
    before = (here / file).read_text()
    with pytest.raises(WattosError, match=f"--junit {file} would be written over the ") as caught:
        command.run(command.Options(A, B, junit=file), make_deps(cwd=here))
    assert (caught.value.exit_code, (here / file).read_text()) == (ExitCode.USAGE, before)


def test_a_regression_is_1_in_every_form(here: Path) -> None:
    later(here, replace(STEADY, median_ms=100.0, errors=0.05))
    summary = here / "summary.md"
    deps = make_deps(cwd=here, json_output=True, environ={"GITHUB_STEP_SUMMARY": str(summary)})
    assert command.run(command.Options(A, B, junit=Path("c.xml")), deps) == ExitCode.NO
    body = published(out(deps))
    worse = {row["metric"] for row in body["rows"] if row["verdict"] == "regression"}
    assert (body["verdict"], body["baseline"], body["now"]) == ("regression", "a.json", "b.json")
    assert worse == {"latency p50", "latency p95", "errors"}
    suite = ET.fromstring((here / "c.xml").read_text())
    failed = {str(case.get("name")).split(" is")[0] for case in suite if case.find("failure") is not None}
    assert failed == worse
    assert "### wattos loadtest compare: regression" in summary.read_text()
    assert "against a.json: regression of latency p50, latency p95, errors" in err(deps)


def test_a_name_that_became_slower_is_1_in_every_form(tmp_path: Path) -> None:
    services = {**names_of(STEADY, 3), "GET /quick": replace(STEADY, median_ms=8.0, rate=30)}
    rare = {"GET /rare": replace(STEADY, rate=1)}
    slower = {**services, "GET /quick": replace(services["GET /quick"], median_ms=14.0)}
    (tmp_path / A).write_text(json.dumps(mixed_run({**services, **rare}, 40, 1)))
    (tmp_path / B).write_text(json.dumps(mixed_run({**slower, **rare}, 40, 2)))
    summary, options = tmp_path / "summary.md", command.Options(A, B, junit=Path("c.xml"))
    deps = make_deps(cwd=tmp_path, json_output=True, environ={"GITHUB_STEP_SUMMARY": str(summary)})
    assert command.run(options, deps) == ExitCode.NO
    body = published(out(deps))
    assert {row["name"] for row in body["by_name"] if row["verdict"] == "regression"} == {"GET /quick"}
    assert {row["verdict"] for row in body["rows"]}.isdisjoint({"regression"})
    told = "regression of latency p50 of GET /quick, latency p95 of GET /quick"
    assert f"against a.json: {told}" in err(deps)
    assert "too few requests to judge: GET /rare" in err(deps)
    assert "too few requests to judge: GET /rare" in summary.read_text()
    assert "| GET /quick | p50 | " in summary.read_text()
    suite = ET.fromstring((tmp_path / "c.xml").read_text())
    failed = [str(case.get("name")).partition(" is")[0] for case in suite if case.find("failure") is not None]
    assert failed == ["latency p50 of GET /quick", "latency p95 of GET /quick"]
    terminal = make_deps(cwd=tmp_path, terminal=True, width=80)
    command.run(options, terminal)
    assert "SLOWER REQUEST  LATENCY  BASELINE" in out(terminal)
    assert max(len(line) for line in out(terminal).splitlines()) <= 80


def test_of_many_that_became_slower_the_first_are_named(tmp_path: Path) -> None:
    services = names_of(replace(STEADY, rate=200), 6)
    slower = {name: replace(service, median_ms=160.0) for name, service in services.items()}
    for file, each in ((A, services), (B, slower)):
        (tmp_path / file).write_text(json.dumps(mixed_run(each, 20, 1)))
    deps = make_deps(cwd=tmp_path)
    assert command.run(command.Options(A, B), deps) == ExitCode.NO
    assert "regression of latency p50, latency p95, latency p50 of GET /0, " in err(deps)
    assert ", latency p95 of GET /2 and 6 others" in err(deps)


def test_another_machine_is_4_unless_allowed(here: Path) -> None:
    other = run(STEADY, 40, 2)
    machine = {**other["environment"]["machine"], "id": "another"}
    other["environment"] = {**other["environment"], "machine": machine}
    (here / B).write_text(json.dumps(other))
    with pytest.raises(WattosError, match="another machine") as caught:
        execute(["loadtest", "compare", "a.json", "b.json"], TREE, make_deps(cwd=here))
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    argv = ["loadtest", "compare", "a.json", "b.json", "--allow-other-machine"]
    assert execute(argv, TREE, make_deps(cwd=here)) == ExitCode.OK


def test_a_bad_file_is_2_and_named(here: Path) -> None:
    (here / B).write_text("{")
    with pytest.raises(WattosError, match=r"b\.json is not JSON") as caught:
        command.run(command.Options(A, B), make_deps(cwd=here))
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_table_fits_80_columns(here: Path) -> None:
    later(here)
    deps = make_deps(cwd=here, terminal=True, width=80)
    command.run(command.Options(A, B), deps)
    assert max(len(line) for line in out(deps).splitlines()) <= 80
