"""`wattos metrics list`."""

from dataclasses import dataclass
from typing import Annotated

from wattos_cli import metricsource
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument
from wattos_cli.supervisor.scrape_now import with_something


@dataclass(frozen=True)
class Options:
    """Which metrics: all whose name has `pattern` in it, or fits it when it has `*` in it."""

    pattern: str = ""


def run(opts: Options, deps: Deps) -> ExitCode:
    """List the metrics of the last scrapes; exit 0 also when none is like that."""
    from wattos_cli.logstore.instants import rfc3339
    from wattos_cli.metricstore import families
    from wattos_cli.render import families as render

    reader = with_something(deps, lambda: metricsource.store(deps))
    last_ms = reader.last_ms()
    if last_ms is None:
        raise WattosError("the metrics were deleted meanwhile", hint="wattos up")
    listed = families.listing(reader, reader.families(), last_ms, opts.pattern)
    console = deps.console
    rows = [each.row() for each in listed]
    if console.json_output:
        console.json(render.as_json(rows, last_ms / 1000))
    elif rows:
        console.data(render.as_table(rows, width=console.table_width, color=console.color))
    series = sum(row["series"] for row in rows)
    console.note(f"{len(rows)} metrics, {series} series at {rfc3339(last_ms / 1000)}")
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos metrics list`."""

    def list_(
        deps: Deps,
        *,
        pattern: Annotated[str, Argument(help="A part of the name, or a pattern like 'http_*'.")] = "",
    ) -> ExitCode:
        """List the metrics that were scraped: type, unit, series, last value, meaning.

        LAST is the sum over all series of a counter, the number of observations of a histogram, and the
        lowest and highest of several gauges. Answers also when nothing runs.

        Examples:
          wattos metrics list
          wattos metrics list 'llm_*'
          wattos metrics list breaker -o json
        """
        return run(Options(pattern), deps)

    return list_
