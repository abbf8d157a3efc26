"""`wattos alerts show`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument, Option

if TYPE_CHECKING:
    from wattos_cli.alerting.alert import Alert


@dataclass(frozen=True)
class Options:
    """Which alert, and the objectives whose thresholds count."""

    name: str
    slo: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Show an alert: how it is now, its condition, its runbook."""
    from wattos_cli.alerting.alert import RuleContext
    from wattos_cli.alerting.places import runbook
    from wattos_cli.alerting.slo import slos_of
    from wattos_cli.clients.running import project_of
    from wattos_cli.config import load
    from wattos_cli.render import alerts as render
    from wattos_cli.render.runbook import folded

    alert = _named(opts.name)
    config = load(project_of(deps).root, deps.environ)
    book = slos_of(config, None if opts.slo is None else deps.cwd / opts.slo)
    context = RuleContext(book.thresholds, config.setting("alerts.time_scale").value)
    rows = _rows(alert.name, opts, deps)
    expression, text = alert.expression(context), runbook(alert.name)
    console = deps.console
    if console.json_output:
        console.json(
            {
                "schema": "wattos.alerts-show/v1",
                "name": alert.name,
                "severity": str(alert.severity),
                "team": alert.team,
                "waits_s": render.waits_s(alert.for_, context.time_scale),
                "expression": expression,
                "runbook": text,
                "alerts": render.as_json(rows)["alerts"],
            }
        )
        return ExitCode.OK
    if rows:
        console.data(render.as_table(rows, deps.clock(), width=console.table_width, color=console.color))
        console.data("")
    waits = f", when it has held for {context.span(alert.for_)}" if alert.for_ else ""
    console.data(f"{alert.severity}, team {alert.team}{waits}:\n")
    console.data("".join(f"    {line}\n" for line in expression.split("\n")))
    console.data(folded(text.rstrip(), console.table_width))
    return ExitCode.OK


def _names() -> list[str]:
    from wattos_cli.alerting.catalogue import ALERTS

    return [alert.name for alert in ALERTS]


def _named(name: str) -> "Alert":
    from wattos_cli.alerting.catalogue import ALERTS
    from wattos_cli.config.problems import suggestion

    found = next((alert for alert in ALERTS if alert.name.lower() == name.lower()), None)
    if found is None:
        raise WattosError(
            f"there is no alert {name!r}.{suggestion(name, [alert.name for alert in ALERTS])}",
            hint="see all: wattos alerts --state inactive",
            code="no_such_alert",
            exit_code=ExitCode.USAGE,
            details={"name": name},
        )
    return found


def _rows(name: str, opts: Options, deps: Deps) -> list[dict[str, Any]]:
    """Return how the alert is, nothing when nothing was scraped yet."""
    from wattos_cli.alerting.states import in_order
    from wattos_cli.commands.alerts import source

    try:
        return [source.row(state) for state in in_order(source.ours(opts.slo, deps, name))]
    except WattosError as error:
        if error.exit_code != ExitCode.UNREACHABLE:
            raise
        return []


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos alerts show`."""

    def show(
        deps: Deps,
        *,
        name: Annotated[str, Argument(metavar="ALERT", help="The alert's name.", offered=_names)],
        slo: Annotated[
            Path | None, Option("--slo", metavar="FILE", help="Objectives and thresholds of your own.")
        ] = None,
    ) -> ExitCode:
        """Show one alert: how it is now, when it fires, and its runbook.

        The runbook says what the alert means, what to type first, what may be the cause and how to mend it.

        Examples:
          wattos alerts show ServiceDown
          wattos alerts show BudgetBurnFast -o json
        """
        return run(Options(name, slo), deps)

    return show
