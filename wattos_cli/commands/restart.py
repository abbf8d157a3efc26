"""`wattos restart`: new processes for some services while the others, and every port, stay."""

from dataclasses import dataclass
from typing import Annotated

from wattos_cli.clients import offers
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Argument, Option

SCHEMA = "wattos.up/v1"
_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Options:
    """The services to restart, and how long to wait until they are ready (seconds)."""

    services: tuple[str, ...]
    timeout_s: float = _TIMEOUT_S


def run(opts: Options, deps: Deps) -> ExitCode:
    """Restart and wait until ready; WattosError when nothing runs or one does not become ready."""
    from wattos_cli import project
    from wattos_cli.supervisor import listing, operate

    root = project.find(deps.cwd)
    with operate.running_supervisor(root) as client:
        with deps.console.waiting("stopping; running requests have 10 s to finish"):
            operate.request(client, "restart", opts.timeout_s, services=list(opts.services))
        watch = operate.follow(client, opts.services, opts.timeout_s, deps)
    rows = [listing.public(row, deps.clock()) for row in watch.rows]
    if deps.console.json_output:
        deps.console.json({"schema": SCHEMA, "services": rows})
    else:
        deps.console.data(listing.up_table(rows))
    operate.raise_unless_ready(watch, opts.timeout_s, deps)
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the command's parser."""

    def restart(
        deps: Deps,
        *,
        services: Annotated[list[str], Argument(help="Services to restart.", offered=offers.services)],
        timeout: Annotated[
            str, Option("--timeout", metavar="DURATION", help="How long to wait until they are ready.")
        ] = "60s",
    ) -> ExitCode:
        """Restart services; their ports stay open, so callers wait instead of being refused.

        Code is loaded as it is now, settings as the last `wattos up` or
        `wattos config reload` found them.

        Examples:
          wattos restart chat
          wattos restart chat rag --timeout 30s
        """
        from wattos_cli.config.durations import option_seconds

        return run(Options(tuple(services), option_seconds(timeout, "--timeout")), deps)

    return restart
