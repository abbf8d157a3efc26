"""`wattos health`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from wattos_cli.clients.health_probe import probe_project
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Finding, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument, Option
from wattos_cli.render import health as render

_POLL_S = 0.5
_WATCH_S = 2.0
_CLEAR = "\033[H\033[2J"


class Probe(StrEnum):
    """How deep to ask."""

    LIVENESS = "liveness"
    READINESS = "readiness"
    FULL = "full"


class FailOn(StrEnum):
    """From which status on the exit code is 1."""

    UNHEALTHY = "unhealthy"
    DEGRADED = "degraded"


class Output(StrEnum):
    """The formats of the answer."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"


@dataclass(frozen=True)
class Options:
    """What to probe and how; times in seconds, None for a wait means no waiting."""

    services: tuple[str, ...] = ()
    probe: Probe = Probe.FULL
    wait_s: float | None = None
    probe_timeout_s: float = 2.0
    watch: bool = False
    fail_on: FailOn = FailOn.UNHEALTHY
    output: Output = Output.TABLE
    junit: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Probe once, until all is well, or again and again; print what was found."""
    while opts.watch:
        if deps.console.animate and opts.output is Output.TABLE:
            deps.console.stdout.write(_CLEAR)
        _show(_probe(opts, deps), opts, deps)
        deps.console.stdout.flush()
        deps.sleep(_WATCH_S)
    findings = _probe(opts, deps) if opts.wait_s is None else _wait(opts, deps, opts.wait_s)
    _show(findings, opts, deps)
    _report(findings, opts, deps)
    return ExitCode.OK if _is_well(findings, opts) else ExitCode.NO


def _wait(opts: Options, deps: Deps, wait_s: float) -> list[Finding]:
    """Probe until all is well or the time is over; raises when the platform never ran."""
    deadline = deps.monotonic() + wait_s
    while True:
        late = deps.monotonic() + _POLL_S >= deadline
        try:
            findings = _probe(opts, deps)
        except WattosError as error:
            if late or error.exit_code != ExitCode.UNREACHABLE:
                raise
        else:
            if late or _is_well(findings, opts):
                return findings
        deps.sleep(_POLL_S)


def _probe(opts: Options, deps: Deps) -> list[Finding]:
    return probe_project(deps, opts.services, probe=opts.probe, timeout_s=opts.probe_timeout_s)


def _is_well(findings: Sequence[Finding], opts: Options) -> bool:
    bad = {"unhealthy"} if opts.fail_on is FailOn.UNHEALTHY else {"unhealthy", "degraded"}
    return not any(finding.status in bad for finding in findings)


def _show(findings: Sequence[Finding], opts: Options, deps: Deps) -> None:
    console = deps.console
    if opts.output is Output.JSON:
        console.json(render.as_json(findings))
    elif opts.output is Output.JUNIT:
        console.stdout.write(render.as_junit(findings))
    else:
        console.data(render.as_table(findings, width=console.table_width, color=console.color))


def _report(findings: Sequence[Finding], opts: Options, deps: Deps) -> None:
    """Write the JUnit file, the step summary and the annotations that were asked for."""
    if opts.junit:
        (deps.cwd / opts.junit).write_text(render.as_junit(findings), encoding="utf-8")
    if deps.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(deps.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(render.as_markdown(findings))
    for line in render.annotations(findings, deps.environ):
        deps.console.note(line)
    if opts.output is Output.TABLE and not _is_well(findings, opts):
        worst = next(f for f in findings if f.status != "healthy")
        deps.console.note(f"look closer with: wattos logs {worst.name} --level warning")


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos health`."""

    def health(
        deps: Deps,
        *,
        services: Annotated[
            list[str] | None, Argument(metavar="SERVICE", help="Only these services.")
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
