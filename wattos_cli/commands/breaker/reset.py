"""`wattos breaker reset`."""

from dataclasses import dataclass
from typing import Annotated

from wattos_cli.clients import breaker_orders
from wattos_cli.clients.breaker_orders import Order
from wattos_cli.commands.breaker import outcome
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Argument, Option


@dataclass(frozen=True)
class Options:
    """The order to give."""

    order: Order


def run(opts: Options, deps: Deps) -> ExitCode:
    """Close the breaker wherever it is; exit 1 when not every replica obeyed."""
    return outcome.show(deps, "wattos.breaker-reset/v1", breaker_orders.give(deps, opts.order))


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos breaker reset`."""

    def reset(
        deps: Deps,
        *,
        name: Annotated[str, Argument(metavar="NAME", help="The breaker, such as llm:openai or hop:rag.")],
        reason: Annotated[str, Option("--reason", metavar="TEXT", help="Why; it stands in the audit log.")],
        service: Annotated[str, Option("--service", metavar="S", help="Only in this service.")] = "",
        replica: Annotated[int | None, Option("--replica", metavar="N", help="Only in replica N.")] = None,
    ) -> ExitCode:
        """Close a breaker and forget what it counted, in every replica of every service that has it.

        Works on any state: tripped by hand, opened by failures, disabled. Each replica writes an audit line:
        wattos logs --grep breaker.reset

        Examples:
          wattos breaker reset llm:openai --reason 'maintenance is over'
          wattos breaker reset hop:rag --service chat --reason 'drill is over'
        """
        order = Order("reset", name, breaker_orders.checked_reason(reason), service=service, replica=replica)
        return run(Options(order), deps)

    return reset
