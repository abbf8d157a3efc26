"""`wattos dashboards check`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.metricsource import Whom, usage
from wattos_cli.parameters import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wattos_cli.dashboards.checks import Checked

FOLDER = Path("dashboards")
# As wide as a Prometheus needs that scrapes once a minute, and a panel that shows an hour.
_INTERVAL, _SPAN = "5m", "1h"


@dataclass(frozen=True)
class Options:
    """The generated files (None: in the usual folder, if it is there), and whom to ask for data."""

    folder: Path | None = None
    selector: str = ""
    slo: Path | None = None
    live: bool = False
    whom: Whom = field(default_factory=Whom)
    junit: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Hold the boards against rules, registry, files and, when asked to, live data; exit 1 if one fails."""
    from wattos_cli.dashboards import checks
    from wattos_cli.dashboards.selected import files_for

    files = files_for(opts.selector, opts.slo, deps)
    checked = list(checks.of_boards(files, opts.selector))
    shown = opts.folder or FOLDER
    if opts.folder is not None or checks.were_generated(deps.cwd / shown):
        checked += checks.of_files(deps.cwd / shown, shown, files)
    if opts.live or opts.whom.url or opts.whom.token_file:
        checked += _answered(opts, deps)
    _tell(checked, opts, deps)
    return ExitCode.NO if any(each.problem for each in checked) else ExitCode.OK


def _answered(opts: Options, deps: Deps) -> "list[Checked]":
    from wattos_cli.dashboards import checks
    from wattos_cli.dashboards.queries import queries
    from wattos_cli.metricsource import metrics

    asked = queries(opts.selector, interval=_INTERVAL, span=_SPAN)
    return list(checks.of_answers(asked, metrics(opts.whom, deps), round(deps.clock(), 3)))


def _tell(checked: "Sequence[Checked]", opts: Options, deps: Deps) -> None:
    from wattos_cli.dashboards.files import write
    from wattos_cli.render import ci
    from wattos_cli.render.junit import Case, junit
    from wattos_cli.render.text import table

    console = deps.console
    failures = [each for each in checked if each.problem]
    if console.json_output:
        rows = [{"check": each.name, "problem": each.problem} for each in failures]
        verdict = "fail" if failures else "pass"
        console.json(
            {
                "schema": "wattos.dashboards-check/v1",
                "verdict": verdict,
                "checks": len(checked),
                "failures": rows,
            }
        )
    elif failures:
        console.data(table(("check", "problem"), failures, width=console.table_width, color=console.color))
    if opts.junit:
        cases = [Case(each.name, 0.0, each.problem) for each in checked]
        write(deps.cwd / opts.junit, junit("dashboards", cases))
    if deps.environ.get("GITHUB_STEP_SUMMARY") and failures:
        with Path(deps.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(ci.markdown_table("Dashboards", ("check", "problem"), failures))
    for each in failures:
        line = ci.annotation(deps.environ, "error", each.name, each.problem)
        if line:
            console.note(line)
    console.note(f"{len(checked)} checks, {len(failures)} failed")
    if any(each.problem == "no data" for each in failures):
        console.note("data comes with load; put some on it with: wattos loadtest smoke")


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos dashboards check`."""

    def check(
        deps: Deps,
        *,
        folder: Annotated[
            Path | None,
            Option("--dir", metavar="DIR", help="Generated files to check.", default_text="dashboards"),
        ] = None,
        selector: Annotated[
            str, Option("--selector", metavar="MATCHERS", help="Those they were generated with.")
        ] = "",
        slo: Annotated[
            Path | None,
            Option("--slo", metavar="FILE", help="Objectives to draw.", default_text="the program's own"),
        ] = None,
        live: Annotated[
            bool, Option("--live", help="Demand that each query has data, here and now.")
        ] = False,
        prometheus: Annotated[
            str, Option("--prometheus", metavar="URL", help="The same, asked of this Prometheus.")
        ] = "",
        token_file: Annotated[
            Path | None, Option("--token-file", metavar="FILE", help="Its bearer token.")
        ] = None,
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Also write JUnit XML.")] = None,
    ) -> ExitCode:
        """Check the dashboards: rules, metrics, generated files, and on demand whether there is data.

        The rules are those of grafana/dashboard-linter; every metric and label must exist; files that were
        generated must be up to date. With --live or --prometheus each query must answer with a number.

        Examples:
          wattos dashboards check
          wattos dashboards check --live --junit dashboards.xml
        """
        if live and prometheus:
            raise usage(
                "--live asks the platform's own metrics, --prometheus another's", "give one of the two"
            )
        return run(Options(folder, selector, slo, live, Whom(prometheus, token_file), junit), deps)

    return check
