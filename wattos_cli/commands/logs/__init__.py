"""`wattos logs`: the services' log lines in the order of time, from files only."""

from typing import Annotated

from wattos_cli.clients import offers
from wattos_cli.commands.logs.options import Format, Options
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, usage
from wattos_cli.parameters import Argument, Option


def run(opts: Options, deps: Deps) -> ExitCode:
    """Show the lines asked for; exit 0 also when there are none."""
    from wattos_cli.commands.logs import reading
    from wattos_cli.logstore import arguments
    from wattos_cli.logstore.tally import Tally

    _check(opts)
    criteria = arguments.criteria(
        deps.clock(),
        since=opts.since,
        until=opts.until,
        level=opts.level,
        grep=opts.grep,
        where=opts.where,
        request=opts.request,
        trace=opts.trace,
    )
    tally = Tally()
    try:
        if "-" in opts.files:
            reading.from_stdin(opts, deps, criteria, tally)
        else:
            reading.from_files(opts, deps, criteria, tally)
    finally:
        for notice in tally.notices:
            deps.console.note(notice)
        if tally.worth_telling:
            deps.console.note(tally.summary())
    return ExitCode.OK


def _check(opts: Options) -> None:

    if opts.lines is not None and opts.lines < 0:
        raise usage(f"-n {opts.lines}: a number of lines is not negative.", "The last 20: -n 20")
    if opts.follow and (opts.until or opts.count_by or opts.stats or opts.run):
        raise usage(
            "--follow goes on for ever: --until, --run, --count-by and --stats cannot be used with it.",
            "Leave --follow out.",
        )
    if opts.count_by and opts.stats:
        raise usage("--count-by and --stats are two questions.", "Ask one after the other.")
    if opts.files and (opts.services or opts.run):
        raise usage("--file reads that file alone: no service and no --run with it.", "Leave --file out.")
    if "-" in opts.files and (len(opts.files) > 1 or opts.follow):
        raise usage(
            "--file - reads standard input, which is followed anyway and cannot be merged with files.",
            "Use --file - alone, without --follow.",
        )


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos logs`."""

    def logs(
        deps: Deps,
        *,
        services: Annotated[
            list[str] | None,
            Argument(help="Only these services (chat) or replicas.", offered=offers.services),
        ] = None,
        follow: Annotated[
            bool, Option("-f", "--follow", help="Go on with what is written from now on.")
        ] = False,
        lines: Annotated[int | None, Option("-n", "--lines", metavar="N", help="Only the last N.")] = None,
        since: Annotated[str | None, Option("--since", metavar="TIME", help="RFC 3339, or -15m.")] = None,
        until: Annotated[str | None, Option("--until", metavar="TIME", help="RFC 3339, or -5m.")] = None,
        level: Annotated[str | None, Option("--level", help="This level and worse.")] = None,
        grep: Annotated[str | None, Option("--grep", metavar="REGEX", help="Lines that contain it.")] = None,
        where: Annotated[
            list[str] | None,
            Option(
                "--where", metavar="EXPR", help="'duration_ms > 500 and tenant_id = \"a\"'; repeated: and."
            ),
        ] = None,
        request: Annotated[str | None, Option("--request", metavar="ID", help="One request's lines.")] = None,
        trace: Annotated[str | None, Option("--trace", metavar="ID", help="One trace's lines.")] = None,
        file: Annotated[
            list[str] | None, Option("--file", metavar="PATH", help="Read this file instead; - is stdin.")
        ] = None,
        run_: Annotated[
            str | None, Option("--run", metavar="last|N|all", help="An earlier start, N starts ago.")
        ] = None,
        output: Annotated[Format | None, Option("-o", "--output", help="How to write lines.")] = None,
        count_by: Annotated[
            str | None, Option("--count-by", metavar="FIELD", help="How often each value occurs.")
        ] = None,
        stats: Annotated[
            str | None, Option("--stats", metavar="FIELD", help="p50, p95, p99 of a number.")
        ] = None,
    ) -> ExitCode:
        """Show the services' log lines in the order of time, also when nothing runs.

        Without -f the current run, with -f the last 50 lines first.

        Examples:
          wattos logs -f chat --level warning
          wattos logs --since -15m --where 'duration_ms > 500ms' -o json
          wattos logs --run last --level error
          wattos logs --stats duration_ms
        """
        return run(
            Options(
                services=tuple(services or ()),
                follow=follow,
                lines=lines,
                since=since,
                until=until,
                level=level,
                grep=grep,
                where=tuple(where or ()),
                request=request,
                trace=trace,
                files=tuple(file or ()),
                run=run_,
                output=output or (Format.JSON if deps.console.json_output else Format.TABLE),
                count_by=count_by,
                stats=stats,
            ),
            deps,
        )

    return logs
