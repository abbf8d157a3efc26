"""`wattos breaker show`."""

from dataclasses import dataclass
from typing import Annotated

from wattos_cli.clients import breakers
from wattos_cli.clients.running import project_of
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Argument, Option
from wattos_cli.render import breaker_details as render
from wattos_cli.render.breakers import label


@dataclass(frozen=True)
class Options:
    """Which breaker, and where; an empty service means everywhere."""

    name: str
    service: str = ""


def run(opts: Options, deps: Deps) -> ExitCode:
    """Show one breaker in every replica that has it; exit 1 when a replica did not answer."""
    project = project_of(deps)
    answers = breakers.everywhere(deps, project, breakers.path_of(opts.name), opts.service)
    breakers.require_any(answers)
    breakers.require_known(opts.name, answers)
    shown = [
        {"service": answer.replica.name, "replica": answer.replica.replica, **answer.body}
        for answer in answers
        if answer.body is not None
    ]
    missing = breakers.unreached(answers)
    console = deps.console
    if console.json_output:
        console.json(
            {
                "schema": "wattos.breaker-show/v1",
                "name": opts.name,
                "replicas": shown,
                "unreached": missing,
            }
        )
    else:
        console.data(render.as_text(shown, width=console.table_width, color=console.color))
    for row in missing:
        console.note(f"{label(row)} is missing: {row['error']}")
    return ExitCode.NO if missing else ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos breaker show`."""

    def show(
        deps: Deps,
        *,
        name: Annotated[str, Argument(metavar="NAME", help="The breaker, such as llm:openai or hop:rag.")],
        service: Annotated[str, Option("--service", metavar="S", help="Only in this service.")] = "",
    ) -> ExitCode:
        """Show one circuit breaker in every replica: its state, when it opens, its last changes.

        Examples:
          wattos breaker show hop:rag
          wattos breaker show db:main --service chat -o json
        """
        return run(Options(name, service), deps)

    return show
