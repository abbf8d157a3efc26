"""`wattos dashboards check`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from wattos_cli.checks import Checked, tell
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, usage
from wattos_cli.generated import FOLDER
from wattos_cli.metricsource import MetricsEndpoint
from wattos_cli.parameters import Option

# As wide as a Prometheus needs that scrapes once a minute, and a panel that shows an hour.
_INTERVAL, _SPAN = "5m", "1h"


@dataclass(frozen=True)
class Options:
    """The generated files (None: in the usual folder, if it is there), and where to ask for data."""

    folder: Path | None = None
    selector: str = ""
    slo: Path | None = None
    live: bool = False
    endpoint: MetricsEndpoint = field(default_factory=MetricsEndpoint)
    junit: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Hold the boards against rules, registry, files and, when asked to, live data; exit 1 if one fails."""
    from wattos_cli.dashboards import checks
    from wattos_cli.dashboards.selected import files_for

    with deps.console.waiting("checking the boards"):
        files = files_for(opts.selector, opts.slo, deps)
        checked = list(checks.of_boards(files, opts.selector))
        shown = opts.folder or FOLDER
        if opts.folder is not None or checks.were_generated(deps.cwd / shown):
            checked += checks.of_files(deps.cwd / shown, shown, files)
        if opts.live or opts.endpoint.url or opts.endpoint.token_file:
            checked += _answered(opts, deps)
    code = tell(checked, deps, "wattos.dashboards-check/v1", opts.junit)
    if any(each.problem == "no data" for each in checked):
        deps.console.note("data comes with load; put some on it with: wattos loadtest smoke")
    return code


def _answered(opts: Options, deps: Deps) -> list[Checked]:
    from wattos_cli.dashboards import checks
    from wattos_cli.dashboards.queries import queries
    from wattos_cli.metricsource import metrics

    asked = queries(opts.selector, interval=_INTERVAL, span=_SPAN)
    return list(checks.of_answers(asked, metrics(opts.endpoint, deps), round(deps.clock(), 3)))


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
        timeout: Annotated[
            str, Option("--timeout", metavar="TIME", help="How long it may take for one query.")
        ] = "30s",
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
        endpoint = MetricsEndpoint(prometheus, token_file, option_seconds(timeout, "--timeout"))
        return run(Options(folder, selector, slo, live, endpoint, junit), deps)

    return check
