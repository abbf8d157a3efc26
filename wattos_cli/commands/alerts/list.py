"""`wattos alerts list`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, usage
from wattos_cli.metricsource import MetricsEndpoint
from wattos_cli.parameters import Option
from wattos_cli.render import alerts as render
from wattos_cli.render.safe import visible
from wattos_cli.reports import add_to_summary, write_report


class State(StrEnum):
    """What an alert can be."""

    FIRING = "firing"
    PENDING = "pending"
    INACTIVE = "inactive"


class Severity(StrEnum):
    """How soon somebody must look."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class FailOn(StrEnum):
    """From which state on the exit code is 1."""

    FIRING = "firing"
    PENDING = "pending"


@dataclass(frozen=True)
class Options:
    """Which alerts to show, from where; `fail_on` None: an alert that fires is no failure of the command."""

    states: tuple[State, ...] = ()
    severities: tuple[Severity, ...] = ()
    fail_on: FailOn | None = None
    slo: Path | None = None
    endpoint: MetricsEndpoint = field(default_factory=MetricsEndpoint)
    alertmanager: str = ""
    junit: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Show the alerts, the worst first; exit 1 when one is as bad as `fail_on`."""
    from wattos_cli.commands.alerts import source

    rows = [
        row
        for row in source.rows(source.Source(opts.endpoint, opts.alertmanager, opts.slo), deps)
        if not opts.severities or row["severity"] in opts.severities
    ]
    _show(rows, opts, deps)
    failing = {"firing"} | ({"pending"} if opts.fail_on is FailOn.PENDING else set())
    failed = opts.fail_on is not None and any(row["state"] in failing for row in rows)
    return ExitCode.NO if failed else ExitCode.OK


def _show(rows: Sequence[Mapping[str, Any]], opts: Options, deps: Deps) -> None:
    console = deps.console
    wanted = opts.states or ((State.FIRING, State.PENDING) if not console.json_output else tuple(State))
    shown = [row for row in rows if row["state"] in wanted]
    if console.json_output:
        console.json(render.as_json(shown))
    elif shown:
        console.data(render.as_table(shown, deps.clock(), width=console.table_width, color=console.color))
    more = "" if shown or opts.states or not rows else "   see them: wattos alerts --state inactive"
    console.note(f"{render.summary(rows)}{more}")
    worst = next((row for row in shown if row["state"] == "firing" and row["runbook"]), None)
    if worst is not None:
        console.note(visible(f"what to do about {worst['name']}: {_where(worst, opts)}"))
    if opts.junit:
        write_report(deps, opts.junit, render.as_junit(rows))
    add_to_summary(deps, render.as_markdown(rows))
    for line in render.annotations(rows, deps.environ):
        console.note(line)


def _where(row: Mapping[str, Any], opts: Options) -> str:
    """Return where the runbook is read: here, or where another's alert says."""
    theirs = opts.endpoint.url or opts.alertmanager
    return str(row["runbook"]) if theirs else f"wattos alerts show {row['name']}"


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos alerts list`."""

    def list_(
        deps: Deps,
        *,
        state: Annotated[
            list[State] | None, Option("--state", help="Only alerts in this state; may be repeated.")
        ] = None,
        severity: Annotated[
            list[Severity] | None, Option("--severity", help="Only alerts of this one; may be repeated.")
        ] = None,
        fail_on: Annotated[
            FailOn | None, Option("--fail-on", help="State from which on the exit code is 1.")
        ] = None,
        slo: Annotated[
            Path | None, Option("--slo", metavar="FILE", help="Objectives and thresholds of your own.")
        ] = None,
        prometheus: Annotated[
            str, Option("--prometheus", metavar="URL", help="Show this Prometheus' alerts instead.")
        ] = "",
        alertmanager: Annotated[
            str, Option("--alertmanager", metavar="URL", help="Show what this Alertmanager holds instead.")
        ] = "",
        token_file: Annotated[
            Path | None, Option("--token-file", metavar="FILE", help="The bearer token of either.")
        ] = None,
        timeout: Annotated[
            str, Option("--timeout", metavar="TIME", help="How long either may take.")
        ] = "30s",
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Also write JUnit XML.")] = None,
    ) -> ExitCode:
        """Show which alerts fire now, and which wait to, with no Prometheus anywhere.

        The rules that `alerts generate` writes are evaluated over what was scraped here. SINCE is how long
        the condition has held; while that is shorter than the alert waits, it is pending. Exit code 0
        whatever fires; --fail-on makes it 1. 4: the platform does not run.

        Examples:
          wattos alerts
          wattos alerts --state firing --severity critical --fail-on firing
          wattos alerts --prometheus http://127.0.0.1:9090 -o json
        """
        if prometheus and alertmanager:
            raise usage("--prometheus and --alertmanager are two programs", "give one of the two")
        options = Options(
            tuple(state or ()),
            tuple(severity or ()),
            fail_on,
            slo,
            MetricsEndpoint(prometheus, token_file, option_seconds(timeout, "--timeout")),
            alertmanager,
            junit,
        )
        return run(options, deps)

    return list_
