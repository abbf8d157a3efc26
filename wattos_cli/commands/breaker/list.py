"""`wattos breaker list`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from wattos_cli.clients import breakers
from wattos_cli.clients.running import project_of
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Option
from wattos_cli.render import breakers as render
from wattos_cli.reports import add_to_summary


class State(StrEnum):
    """What a breaker can be."""

    FORCED_OPEN = "forced_open"
    OPEN = "open"
    HALF_OPEN = "half_open"
    DISABLED = "disabled"
    METRICS_ONLY = "metrics_only"
    CLOSED = "closed"


@dataclass(frozen=True)
class Options:
    """Which breakers to list; empty means all."""

    service: str = ""
    states: tuple[State, ...] = ()


def run(opts: Options, deps: Deps) -> ExitCode:
    """List the breakers, what is not closed first; exit 1 when a replica did not answer."""
    project = project_of(deps)
    answers = breakers.everywhere(deps, project, "/admin/breakers", opts.service)
    breakers.require_any(answers)
    rows = [
        row
        for row in render.in_order(breakers.listing(answers))
        if not opts.states or row["state"] in opts.states
    ]
    missing = breakers.unreached(answers)
    _show(rows, missing, deps)
    return ExitCode.NO if missing else ExitCode.OK


def _show(rows: Sequence[Mapping[str, Any]], missing: Sequence[Mapping[str, Any]], deps: Deps) -> None:
    console = deps.console
    if console.json_output:
        console.json({"schema": "wattos.breaker-list/v1", "breakers": rows, "unreached": missing})
    elif rows:
        console.data(render.as_table(rows, width=console.table_width, color=console.color))
        console.note(render.summary(rows))
    else:
        console.note("No circuit breaker is like that. See all with: wattos breaker list")
    add_to_summary(deps, render.as_markdown(rows))
    for line in render.annotations(rows, deps.environ):
        console.note(line)
    for row in missing:
        console.note(f"{render.label(row)} is missing: {row['error']}")


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos breaker list`."""

    def list_(
        deps: Deps,
        *,
        service: Annotated[str, Option("--service", metavar="S", help="Only this service.")] = "",
        state: Annotated[
            list[State] | None, Option("--state", help="Only breakers in this state; may be repeated.")
        ] = None,
    ) -> ExitCode:
        """List every circuit breaker of every replica; what is not closed comes first.

        CALLS, FAILED and SLOW are of the window (60 s); REFUSED counts since the replica started. Exit 1 when
        a replica did not answer.

        Examples:
          wattos breaker list
          wattos breaker list --state open --state forced_open
          wattos breaker list --service llm-gateway -o json
        """
        return run(Options(service, tuple(state or ())), deps)

    return list_
