"""`wattos metrics query`."""

import math
import re
from pathlib import Path
from typing import Annotated

from wattos_cli import metricsource
from wattos_cli.commands.metrics import assertions, errors
from wattos_cli.commands.metrics.options import Options, Output, check
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import BadQueryError, Command, Deps, FailedQueryError, MetricAnswer, Metrics, Run
from wattos_cli.errors import ExitCode
from wattos_cli.metricsource import MetricsEndpoint
from wattos_cli.metricsource.absence import require_series
from wattos_cli.parameters import Argument, Option
from wattos_cli.render import metric_answers as render
from wattos_cli.render.safe import visible
from wattos_cli.supervisor.scrape_now import with_something

_WATCH_S = 5.0
_POINTS = 240
_ORDERED = re.compile(r"\s*(sort|topk|bottomk)")
_LEAST_STEP_S = 1.0


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print the answer, again and again with `watch`; exit 1 when an assertion does not hold."""
    check(opts)
    if opts.assertions:
        when = assertions.When(_instant(opts, deps), fresh=opts.at is None)
        return assertions.judge(opts.assertions, opts.endpoint, when, deps, opts.junit)
    metrics = with_something(deps, lambda: metricsource.metrics(opts.endpoint, deps))
    while opts.watch:
        with deps.console.frame(drawn=opts.output is Output.TABLE):
            show(opts, deps, metrics)
        deps.sleep(_WATCH_S)
    show(opts, deps, metrics)
    return ExitCode.OK


def show(opts: Options, deps: Deps, metrics: Metrics) -> None:
    """Ask `metrics` once and print the answer; remarks go to stderr."""
    at_s = _instant(opts, deps)
    try:
        answer, steps = _answered(opts, metrics, at_s)
    except BadQueryError as error:
        raise errors.broken(opts.expression, error) from error
    except FailedQueryError as error:
        raise errors.failed(error) from error
    console = deps.console
    if opts.output is Output.JSON:
        console.json(render.as_json(answer))
    elif opts.output is Output.CSV:
        console.stdout.write(render.as_csv(answer))
    elif answer.result:
        width = console.table_width
        ordered = _ORDERED.match(opts.expression) is not None and opts.range_s is None
        console.data(render.as_table(answer, width=width, color=console.color, steps=steps, ordered=ordered))
    for remark in answer.warnings:
        console.note(visible(remark))
    remark = require_series(opts.expression, answer, metrics, at_s)
    if remark:
        console.note(remark)


def _answered(opts: Options, metrics: Metrics, at_s: float) -> tuple[MetricAnswer, list[float]]:
    """Return the answer, and the times of a range."""
    if opts.range_s is None:
        return metrics.instant(opts.expression, at_s), []
    step_s = opts.step_s or max(_LEAST_STEP_S, math.ceil(opts.range_s / _POINTS))
    start_s = at_s - opts.range_s
    answer = metrics.range(opts.expression, start_s, at_s, step_s)  # refuses too many steps
    return answer, [start_s + step_s * place for place in range(int(opts.range_s / step_s) + 1)]


def _instant(opts: Options, deps: Deps) -> float:
    """Return the time that is asked for, in Unix seconds, whole milliseconds."""
    from wattos_cli.logstore.arguments import instant

    at_s = instant("--at", opts.at, deps.clock())
    return round(deps.clock() if at_s is None else at_s, 3)


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos metrics query`."""

    def query(
        deps: Deps,
        *,
        expression: Annotated[str, Argument(metavar="EXPR", help="What to ask, in PromQL.")] = "",
        range_: Annotated[
            str | None, Option("--range", metavar="TIME", help="The course of this last time: 1h.")
        ] = None,
        step: Annotated[
            str | None,
            Option("--step", metavar="TIME", help="From point to point.", default_text="range / 240"),
        ] = None,
        at: Annotated[
            str | None, Option("--at", metavar="TIME", help="RFC 3339, or -15m.", default_text="now")
        ] = None,
        assert_: Annotated[
            list[str] | None,
            Option("--assert", metavar="'EXPR < N'", help="Exit 1 unless it holds for every series."),
        ] = None,
        watch: Annotated[bool, Option("--watch", help="Ask again every 5 s until Ctrl-C.")] = False,
        prometheus: Annotated[
            str, Option("--prometheus", metavar="URL", help="Ask this Prometheus instead.")
        ] = "",
        token_file: Annotated[
            Path | None, Option("--token-file", metavar="FILE", help="Its bearer token.")
        ] = None,
        timeout: Annotated[
            str, Option("--timeout", metavar="TIME", help="How long that Prometheus may take.")
        ] = "30s",
        junit: Annotated[
            Path | None,
            Option("--junit", metavar="FILE", help="Also write what --assert found as JUnit XML."),
        ] = None,
        output: Annotated[
            Output | None, Option("-o", "--output", help="How to write the result.", default_text="table")
        ] = None,
    ) -> ExitCode:
        """Ask the metrics of the past day in PromQL, with no Prometheus anywhere.

        Answers also when nothing runs: --at says for when. An assertion scrapes first; one without data
        fails. Exit 2: the expression cannot be read. 4: there is nothing to ask.

        Examples:
          wattos metrics query 'sum by (job) (rate(http_requests_total[5m]))'
          wattos metrics query 'http_requests_in_flight' --range 1h --step 15s
          wattos metrics query --assert 'max(http_requests_in_flight) < 500'
        """
        options = Options(
            expression=expression,
            assertions=tuple(assert_ or ()),
            range_s=None if range_ is None else option_seconds(range_, "--range"),
            step_s=None if step is None else option_seconds(step, "--step"),
            at=at,
            watch=watch,
            output=output or (Output.JSON if deps.console.json_output else Output.TABLE),
            junit=junit,
            endpoint=MetricsEndpoint(prometheus, token_file, option_seconds(timeout, "--timeout")),
        )
        return run(options, deps)

    return query
