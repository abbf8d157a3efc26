"""`wattos alerts check`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wattos_cli.commands.alerts.scale import check_time_scale
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.generated import FOLDER
from wattos_cli.parameters import Option


@dataclass(frozen=True)
class Options:
    """The generated files (None: in the usual folder, if they are there) and what they were made with."""

    folder: Path | None = None
    slo: Path | None = None
    time_scale: int = 1
    runbooks: str = ""
    grafana: str = ""
    tests: bool = False
    junit: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Hold objectives, rules and files against all that can judge them; exit 1 if one fails."""
    from wattos_cli.alerting import checks
    from wattos_cli.alerting.files import files_for
    from wattos_cli.alerting.rules import RUNBOOKS, Links
    from wattos_cli.alerting.slo import slos_of
    from wattos_cli.checks import Checked, tell
    from wattos_cli.clients.running import project_of
    from wattos_cli.config import load

    check_time_scale(opts.time_scale)
    config = load(project_of(deps).root, deps.environ)
    book = slos_of(config, None if opts.slo is None else deps.cwd / opts.slo)
    files = files_for(book, opts.time_scale, Links(opts.runbooks or RUNBOOKS, opts.grafana))
    checked = [Checked(f"{len(book.slos)} objectives"), *checks.of_expressions(book)]
    shown = opts.folder or FOLDER
    if opts.folder is not None or checks.were_generated(deps.cwd / shown):
        checked += checks.of_files(deps.cwd / shown, shown, files)
    path = deps.environ.get("PATH", "")
    with deps.console.waiting(f"asking promtool and amtool{', which takes a minute' if opts.tests else ''}"):
        checked += checks.of_programs(files, path, tests=opts.tests)
    absent = checks.absent_programs(path)
    code = tell(checked, deps, "wattos.alerts-check/v1", opts.junit, not_asked=absent)
    for remark in absent:
        deps.console.note(remark)
    return code


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos alerts check`."""

    def check(
        deps: Deps,
        *,
        folder: Annotated[
            Path | None,
            Option("--dir", metavar="DIR", help="Generated files to check.", default_text="dashboards"),
        ] = None,
        slo: Annotated[
            Path | None, Option("--slo", metavar="FILE", help="Objectives and thresholds of your own.")
        ] = None,
        time_scale: Annotated[int, Option("--time-scale", help="What they were generated with.")] = 1,
        runbooks: Annotated[
            str, Option("--runbooks", metavar="URL", help="What they were generated with.")
        ] = "",
        grafana: Annotated[
            str, Option("--grafana", metavar="URL", help="What they were generated with.")
        ] = "",
        tests: Annotated[
            bool, Option("--tests", help="Also have promtool test that every alert fires and is silent.")
        ] = False,
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Also write JUnit XML.")] = None,
    ) -> ExitCode:
        """Check objectives, rules and routes.

        The SLO file must be valid (exit 3 if not), every metric must exist, our engine must evaluate every
        rule, files that were generated must be up to date. promtool and amtool are asked where they are
        installed. Receivers in alertmanager.yml are yours and not compared.

        Examples:
          wattos alerts check
          wattos alerts check --slo slo.yaml --tests --junit alerts.xml
        """
        return run(Options(folder, slo, time_scale, runbooks, grafana, tests, junit), deps)

    return check
