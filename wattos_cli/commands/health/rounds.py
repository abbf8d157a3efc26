"""Probing once, until all is well, or for as long as somebody watches."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

from wattos_cli.clients.health_probe import probe_project
from wattos_cli.commands.health import output
from wattos_cli.commands.health.options import Options, Output
from wattos_cli.deps import Deps, Finding
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.render import health as render

_POLL_S = 0.5
_WATCH_S = 2.0


def probe(opts: Options, deps: Deps) -> list[Finding]:
    """Return how every replica is now."""
    return probe_project(deps, opts.services, probe=opts.probe, timeout_s=opts.probe_timeout_s)


def wait(opts: Options, deps: Deps, wait_s: float) -> list[Finding]:
    """Probe until all is well or the time is over; raises when the platform never ran.

    Whom it waits for is told on stderr whenever that changes.
    """
    deadline = deps.monotonic() + wait_s
    told = ""
    while True:
        late = deps.monotonic() + _POLL_S >= deadline
        try:
            findings = probe(opts, deps)
        except WattosError as error:
            if late or error.exit_code != ExitCode.UNREACHABLE:
                raise
            waiting = "the platform"
        else:
            left = opts.not_well(findings)
            if late or not left:
                return findings
            waiting = ", ".join(f"{label} ({each.status})" for label, each in render.labelled(left))
        if waiting != told:
            deps.console.note(f"waiting for {waiting}")
            told = waiting
        deps.sleep(_POLL_S)


def watch(opts: Options, deps: Deps) -> NoReturn:
    """Probe every 2 s until interrupted; a platform that ends meanwhile is told as such, and waited for."""
    console = deps.console
    findings = probe(opts, deps)
    while True:
        with console.frame(drawn=opts.output is Output.TABLE):
            output.show(findings, opts, console)
            if console.animate and opts.output is Output.TABLE:
                console.note(_heading(findings, deps.clock()))
        deps.sleep(_WATCH_S)
        try:
            findings = probe(opts, deps)
        except WattosError as error:
            if error.exit_code != ExitCode.UNREACHABLE:
                raise
            findings = [Finding("platform", 0, "unhealthy", 0.0, error=error.message, reached=False)]


def _heading(findings: Sequence[Finding], now: float) -> str:
    at = datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S")
    return f"{render.overall(findings)} at {at} UTC; every {_WATCH_S:g} s, Ctrl-C ends"
