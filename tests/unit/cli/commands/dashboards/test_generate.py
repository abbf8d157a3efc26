"""`wattos dashboards generate`."""

from pathlib import Path

import pytest

from tests.fakes.cli.deps import make_deps, out
from tests.fakes.cli.schemas import published
from wattos_cli.commands.dashboards.generate import Options, run
from wattos_cli.dashboards.files import all_files
from wattos_cli.errors import ExitCode, WattosError


def test_it_writes_everything_once(tmp_path: Path) -> None:
    deps = make_deps(cwd=tmp_path)
    assert run(Options(), deps) == ExitCode.OK
    written = {str(p.relative_to(tmp_path / "dashboards")) for p in tmp_path.rglob("*") if p.is_file()}
    assert written == set(all_files())
    assert sorted(out(deps).splitlines()) == sorted(f"dashboards/{name}" for name in written)

    again = make_deps(cwd=tmp_path, json_output=True)
    assert run(Options(), again) == ExitCode.OK
    told = published(out(again))
    assert (told["written"], set(told["files"])) == ([], written)


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    run(Options(out=Path("d")), make_deps(cwd=tmp_path))
    board = tmp_path / "d" / "grafana" / "wattos-overview.json"
    board.write_text("{}")
    deps = make_deps(cwd=tmp_path, json_output=True)
    run(Options(out=Path("d")), deps)
    assert published(out(deps))["written"] == ["grafana/wattos-overview.json"]
    assert '"uid": "wattos-overview"' in board.read_text()


def test_a_selector_is_in_every_query(tmp_path: Path) -> None:
    run(Options(selector='cluster="school"'), make_deps(cwd=tmp_path))
    text = (tmp_path / "dashboards" / "grafana" / "wattos-overview.json").read_text()
    assert text.count("cluster=") >= text.count('job=~\\"$job\\"') > 0


def test_a_selector_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="--selector: not a list of label matchers") as caught:
        run(Options(selector="cluster='school'"), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("selector", "reason", "column"),
    [
        ('cluster=~"a("', "illegal regex for a(", 10),
        ('env="x", cluster=~"[z-a]"', "illegal regex for [z-a]", 19),
        ("cluster=school", "expected a value in quotes, found 'school'", 9),
        ("cluster", "expected one of = != =~ !~", 8),
    ],
)
def test_the_place_of_a_mistake_in_a_selector_is_marked(
    tmp_path: Path, selector: str, reason: str, column: int
) -> None:
    with pytest.raises(WattosError) as caught:
        run(Options(selector=selector), make_deps(cwd=tmp_path))
    first, shown, caret = caught.value.message.split("\n")
    assert reason in first
    assert first.endswith(f" at column {column}")
    assert (shown, caret) == (f"  {selector}", f"  {' ' * (column - 1)}^")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WattosError, match=r"cannot write .*file/grafana/") as caught:
        run(Options(out=Path("file")), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE


SLOS = "schema: wattos.slo/v1\nthresholds:\n  llm_cost_per_hour_usd: 7654\n"


def test_limits_come_from_the_slo_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SLOS)
    run(Options(slo=Path("mine.yaml")), make_deps(cwd=tmp_path))
    assert "7654" in (tmp_path / "dashboards/grafana/wattos-llm.json").read_text()


def test_objectives_may_be_about_services_of_ones_own(tmp_path: Path) -> None:
    slo = "slos:\n  - {name: shop, service: shop, indicator: availability, objective: 99%}\n"
    (tmp_path / "mine.yaml").write_text(f"{SLOS}{slo}")
    with pytest.raises(WattosError, match="shop") as caught:
        run(Options(slo=Path("mine.yaml")), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.CONFIG
    (tmp_path / "wattos.toml").write_text('[services.shop]\ncommand = ["shop"]\n')
    assert run(Options(slo=Path("mine.yaml")), make_deps(cwd=tmp_path)) == ExitCode.OK
