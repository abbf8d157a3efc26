"""`wattos loadtest compare`: exit codes, forms, and what cannot be compared."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from loadtests.bench.synthetic_runs import Service, run
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
