"""`wattos health`."""

from pathlib import Path
from typing import Annotated

from wattos_cli.clients import offers
from wattos_cli.commands.health.options import FailOn, Options, Output, Probe
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument, Option


def run(opts: Options, deps: Deps) -> ExitCode:
    """Probe once, until all is well, or again and again; print what was found."""
    from wattos_cli.commands.health import output, rounds

    if opts.watch:
        rounds.watch(opts, deps)
    try:
        findings = rounds.probe(opts, deps) if opts.wait_s is None else rounds.wait(opts, deps, opts.wait_s)
    except WattosError as error:
        output.report_nothing(error.message, opts, deps)
        raise
    output.show(findings, opts, deps.console)
    output.report(findings, opts, deps)
    return ExitCode.NO if opts.not_well(findings) else ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos health`."""

    def health(
        deps: Deps,
        *,
        services: Annotated[
            list[str] | None,
            Argument(metavar="SERVICE", help="Only these services.", offered=offers.services),
        ] = None,
        probe: Annotated[Probe, Option("--probe", help="How deep to ask.")] = Probe.FULL,
        wait: Annotated[bool, Option("--wait", help="Probe until all is well, at most --timeout.")] = False,
        timeout: Annotated[str, Option("--timeout", metavar="TIME", help="How long --wait waits.")] = "60s",
        probe_timeout: Annotated[
            str, Option("--probe-timeout", metavar="TIME", help="How long each replica may take.")
        ] = "2s",
        watch: Annotated[bool, Option("--watch", help="Probe again every 2 s until Ctrl-C.")] = False,
        fail_on: Annotated[
            FailOn, Option("--fail-on", help="Status that makes the exit code 1.")
        ] = FailOn.UNHEALTHY,
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Also write JUnit XML.")] = None,
        output: Annotated[
            Output | None, Option("-o", "--output", help="How to write the result.", default_text="table")
        ] = None,
    ) -> ExitCode:
        """Probe all services in parallel and say which is not well, and why.

        Exit code 0: healthy or degraded. 1: unhealthy. 4: the platform is not running.

        Examples:
          wattos health
          wattos health --wait --timeout 2m --junit health.xml
          wattos health chat rag --probe readiness -o json
        """
        options = Options(
            services=tuple(services or ()),
            probe=probe,
            wait_s=option_seconds(timeout, "--timeout") if wait else None,
            probe_timeout_s=option_seconds(probe_timeout, "--probe-timeout"),
            watch=watch,
            fail_on=fail_on,
            output=output or (Output.JSON if deps.console.json_output else Output.TABLE),
            junit=junit,
        )
        return run(options, deps)

    return health
