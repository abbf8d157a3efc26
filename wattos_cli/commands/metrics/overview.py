"""`wattos metrics overview`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from wattos_cli.commands.metrics.options import Output
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, usage
from wattos_cli.parameters import Option

if TYPE_CHECKING:
    from wattos_cli.metricstore.store.reader import Reader

_WATCH_S = 5.0
_LONGEST_S = 86_400.0


@dataclass(frozen=True)
class Options:
    """The time to look back on, in seconds; how to write what is found, and how often."""

    since_s: float = 900.0
    watch: bool = False
    output: Output = Output.TABLE


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print the figures once, or again and again; exit 4 when the platform does not run."""
    from wattos_cli import metricsource
    from wattos_cli.supervisor.scrape_now import with_something

    if opts.since_s > _LONGEST_S:
        raise usage("--since: metrics are kept for a day", "the last hour: --since 1h")
    states(deps)
    reader = with_something(deps, lambda: metricsource.store(deps))
    while opts.watch:
        with deps.console.frame(drawn=opts.output is Output.TABLE):
            show(opts, deps, reader)
        deps.sleep(_WATCH_S)
    show(opts, deps, reader)
    return ExitCode.OK


def show(opts: Options, deps: Deps, reader: "Reader") -> None:
    """Gather the figures from what was scraped once and print them."""
    from wattos_cli.metricstore import overview
    from wattos_cli.metricstore.stored import damage
    from wattos_cli.render import overview as render

    found = asdict(overview.look(reader, round(deps.clock(), 3), opts.since_s, states(deps)))
    console = deps.console
    if opts.output is Output.JSON:
        console.json(render.as_json(found))
    elif opts.output is Output.CSV:
        console.stdout.write(render.as_csv(found))
    else:
        console.data(render.as_text(found, width=console.table_width, color=console.color))
    if reader.damaged:
        console.note(damage(reader.damaged))
    if found["scrapes"] < overview.LEAST_SCRAPES:
        console.note("too little was scraped in that time to tell rates: look again in a few seconds")
        return
    console.note(render.period(found))
    if not found["models"]:
        console.note("no model was called in that time")
    if any(row["state"] not in {"up", "no metrics"} for row in found["services"]):
        console.note("see why with: wattos ps   wattos health   wattos logs --level warning")


def states(deps: Deps) -> Mapping[str, str]:
    """Return the state of each service by name; WattosError (exit 4) when nothing runs.

    One is stopped when all its replicas are.
    """
    from wattos_cli.clients import running

    project = running.project_of(deps)
    running.running(project)
    rows = (project.read_services() or {}).get("services", [])
    rows.sort(key=lambda row: row["state"] != "stopped")  # who runs has the last word
    return {str(row["name"]): str(row["state"]) for row in rows if row.get("kind") != "component"}


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos metrics overview`."""

    def overview(
        deps: Deps,
        *,
        since: Annotated[
            str, Option("--since", metavar="TIME", help="The time to look back on, at most 24h.")
        ] = "15m",
        watch: Annotated[bool, Option("--watch", help="Look again every 5 s until Ctrl-C.")] = False,
        output: Annotated[
            Output | None, Option("-o", "--output", help="How to write the result.", default_text="table")
        ] = None,
    ) -> ExitCode:
        """Show each service's requests, errors and latency, each model's calls, tokens and dollars.

        Below them what is not as it should be: breakers that are not closed, dependencies that are down,
        answers given without one. Figures are of requests that people and programs made, not of probes.
        BUSY is how many are being answered now, TREND how their rate went, TTFT the time to the first token.
        A service that is down is shown as down. CSV has the services alone.

        Examples:
          wattos metrics
          wattos metrics --since 1h -o json
          wattos metrics --watch
        """
        chosen = output or (Output.JSON if deps.console.json_output else Output.TABLE)
        # `-1h`, as `wattos logs` and `wattos cost` write it, is the same time.
        span_s = option_seconds(since.removeprefix("-"), "--since")
        return run(Options(span_s, watch, chosen), deps)

    return overview
