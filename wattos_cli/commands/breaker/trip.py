"""`wattos breaker trip`."""

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
    """Trip the breaker wherever it is; exit 1 when not every replica obeyed."""
    return outcome.show(deps, "wattos.breaker-trip/v1", breaker_orders.give(deps, opts.order))


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos breaker trip`."""

    def trip(
        deps: Deps,
        *,
        name: Annotated[str, Argument(metavar="NAME", help="The breaker, such as llm:openai or hop:rag.")],
        reason: Annotated[str, Option("--reason", metavar="TEXT", help="Why; it stands in the audit log.")],
        for_: Annotated[
            str | None, Option("--for", metavar="TIME", help="End by itself then; otherwise only by a reset.")
        ] = None,
        service: Annotated[str, Option("--service", metavar="S", help="Only in this service.")] = "",
        replica: Annotated[int | None, Option("--replica", metavar="N", help="Only in replica N.")] = None,
    ) -> ExitCode:
        """Refuse every call through a breaker, in every replica of every service that has it.

        When the time is over, one call probes whether all is well. Each replica writes an audit line with
        reason, who (WATTOS_ACTOR, else your login name) and until when: wattos logs --grep breaker.tripped

        Examples:
          wattos breaker trip llm:openai --reason 'provider maintenance' --for 10m
          wattos breaker trip hop:rag --service chat --reason drill --for 30s
        """
        order = Order(
            "trip",
            name,
            breaker_orders.checked_reason(reason),
            breaker_orders.checked_ttl_s(for_),
            service,
            replica,
        )
        return run(Options(order), deps)

    return trip
