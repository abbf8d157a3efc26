"""`wattos cost`: what the models cost, for all tenants."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Option


class By(StrEnum):
    """What makes one row."""

    PROVIDER = "provider"
    MODEL = "model"
    TENANT = "tenant"
    DAY = "day"
    USER = "user"
    OPERATION = "operation"


@dataclass(frozen=True)
class Options:
    """The grouping, and the period as it was typed."""

    by: By = By.MODEL
    since: str | None = None
    until: str | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Ask the model gateway's operations listener and print the sums; exit 0 also when there are none."""
    from wattos_cli.clients import running, usage
    from wattos_cli.render import cost as render

    since, until = _period(opts, deps.clock())
    by = str(opts.by)
    answer = usage.report(deps, running.project_of(deps), {"by": by, "since": since, "until": until})
    console = deps.console
    if console.json_output:
        console.json(render.as_json(by, answer))
    elif answer["data"]:
        console.data(render.as_table(by, answer, width=console.table_width))
    for note in render.notes(answer):
        console.note(note)
    return ExitCode.OK


def _period(opts: Options, now_s: float) -> tuple[str, str]:
    """Return since and until as RFC 3339, "" where none was given; WattosError (exit 2) if they are wrong."""
    from wattos_cli.errors import usage
    from wattos_cli.logstore.arguments import instant
    from wattos_cli.logstore.instants import is_date, rfc3339

    since, until = instant("--since", opts.since, now_s), instant("--until", opts.until, now_s)
    for option, moment in (("--since", since), ("--until", until)):
        if moment is not None and not is_date(moment):
            raise usage(f"{option}: no calendar reaches that far.", f"The last day: {option} -24h")
    if since is not None and since >= (now_s if until is None else until):
        raise usage("--since is not before --until: nothing lies between them.", "The last day: --since -24h")
    return "" if since is None else rfc3339(since), "" if until is None else rfc3339(until)


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos cost`."""

    def cost(
        deps: Deps,
        *,
        by: Annotated[By, Option("--by", help="What makes one row; days are in UTC.")] = By.MODEL,
        since: Annotated[
            str | None,
            Option(
                "--since", metavar="TIME", help="RFC 3339, or -24h.", default_text="30 days before --until"
            ),
        ] = None,
        until: Annotated[
            str | None, Option("--until", metavar="TIME", help="RFC 3339, or -1h.", default_text="now")
        ] = None,
    ) -> ExitCode:
        """Show calls, tokens and US dollars of all tenants, from the model gateway's own rows.

        Exact: price times tokens in decimal. A call whose price is not known is named, never counted as 0;
        a call whose tokens no provider counted is marked as estimated.

        Examples:
          wattos cost
          wattos cost --by tenant --since -24h
          wattos cost --by day --since 2026-11-01T00:00:00Z -o json
        """
        return run(Options(by, since, until), deps)

    return cost
