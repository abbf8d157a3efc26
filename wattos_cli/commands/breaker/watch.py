"""`wattos breaker watch`."""

from dataclasses import dataclass
from math import inf
from typing import Annotated

from wattos_cli.clients.breaker_changes import ChangeReader
from wattos_cli.clients.running import project_of
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Option
from wattos_cli.render import breakers as render

_LOOK_S = 0.25


@dataclass(frozen=True)
class Options:
    """What to follow, and for how many seconds or changes at most."""

    service: str = ""
    for_s: float = inf
    count: float = inf


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print every change of state as it happens, until the time or the number is reached or Ctrl-C."""
    if opts.count < 1:
        raise WattosError(
            f"--count {opts.count:.0f}: expected 1 or more",
            hint="leave it out to follow until Ctrl-C",
            code="usage",
            exit_code=ExitCode.USAGE,
        )
    reader = ChangeReader(deps, project_of(deps), opts.service)
    replicas = reader.begin()
    deps.console.note(f"following the breakers of {replicas} replicas; Ctrl-C ends")
    deadline = deps.monotonic() + opts.for_s
    left, lost = opts.count, 0
    while left > 0 and deps.monotonic() < deadline:
        deps.console.require_reader()
        deps.sleep(min(_LOOK_S, deadline - deps.monotonic()))
        for change in reader.read():
            if left <= 0:
                break
            left -= 1
            if deps.console.json_output:
                deps.console.json({"schema": "wattos.breaker-watch/v1", **change})
            else:
                deps.console.data(render.change_line(change, color=deps.console.color))
        deps.console.stdout.flush()
        if reader.lost > lost:
            deps.console.note(f"{reader.lost - lost} changes came too fast and were missed")
            lost = reader.lost
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos breaker watch`."""

    def watch(
        deps: Deps,
        *,
        service: Annotated[str, Option("--service", metavar="S", help="Only this service.")] = "",
        for_: Annotated[str | None, Option("--for", metavar="TIME", help="End after this time.")] = None,
        count: Annotated[
            int | None, Option("-n", "--count", metavar="N", help="End after N changes.")
        ] = None,
    ) -> ExitCode:
        """Follow the circuit breakers: one line per change of state, until Ctrl-C.

        Replicas that start meanwhile join by themselves. Earlier changes: wattos logs --grep breaker.

        Examples:
          wattos breaker watch
          wattos breaker watch --for 30s -o json
        """
        for_s = inf if for_ is None else option_seconds(for_, "--for")
        return run(Options(service, for_s, inf if count is None else count), deps)

    return watch
