"""`wattos doctor`."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from wattos_cli.clients import running
from wattos_cli.console import Console
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.diagnosis import machine, metrics, setup
from wattos_cli.diagnosis.findings import Check, Finding, Level
from wattos_cli.errors import ExitCode
from wattos_cli.line_breaks import in_lines
from wattos_cli.render import text
from wattos_cli.render.safe import visible

CHECKS: tuple[Check, ...] = (
    machine.platform,
    machine.python,
    machine.model,
    machine.disk,
    machine.memory,
    machine.descriptors,
    machine.owner,
    setup.configuration,
    setup.variables,
    setup.state,
    setup.ports,
    setup.providers,
    setup.limits,
    setup.connections,
    metrics.kept,
)
_LIMIT_S = 2.5


@dataclass(frozen=True)
class Options:
    """Nothing to choose; `checks` is there for tests."""

    checks: tuple[Check, ...] = CHECKS


def run(opts: Options, deps: Deps) -> ExitCode:
    """Run every check at the same time and print the findings; exit 1 when one is an error."""
    with deps.console.waiting("looking at this machine"):
        findings = _all(opts.checks, deps)
    console = deps.console
    if console.json_output:
        rows = [
            {"check": f.check, "level": f.level, "message": f.message, "mend": f.mend or None}
            for f in findings
        ]
        console.json({"schema": "wattos.doctor/v1", "findings": rows})
    else:
        for finding in findings:
            console.data(_told(finding, console))
    errors = sum(1 for finding in findings if finding.level is Level.ERROR)
    if errors:
        console.note(f"{errors} to mend before `wattos up`")
        return ExitCode.NO
    console.note("nothing stands in the way of `wattos up`")
    return ExitCode.OK


def _told(finding: Finding, console: Console) -> str:
    """Return a finding as lines that fit the terminal: how it is, what was found, what to type."""
    label = text.colored(f"{finding.level:<{_INDENT}}", _COLORS[finding.level], enabled=console.color)
    first, *others = (visible(line.strip()) for line in finding.message.split("\n"))
    indent = " " * _INDENT
    lines = [f"{label}{finding.check}: {first}", *(f"{indent}{line}" for line in others)]
    told = in_lines("\n".join(lines), console.table_width, indent)
    return f"{told}\n{indent}mend: {finding.mend}" if finding.mend else told


_INDENT = 8
_COLORS = {Level.OK: "green", Level.HINT: "dim", Level.WARNING: "yellow", Level.ERROR: "red"}


def _all(checks: Sequence[Check], deps: Deps) -> list[Finding]:
    """Return the findings of all checks in their order; one that does not end in time is a finding too."""
    project = running.project_of(deps)
    found: dict[int, Sequence[Finding]] = {}

    def look(index: int, check: Check) -> None:
        try:
            found[index] = check(project, deps)
        except Exception as error:  # noqa: BLE001 - a broken check is told, and hides no other
            found[index] = [_broken(check, f"{type(error).__name__}: {error}")]

    threads = [threading.Thread(target=look, args=(i, check), daemon=True) for i, check in enumerate(checks)]
    for thread in threads:
        thread.start()
    deadline = deps.monotonic() + _LIMIT_S
    for thread in threads:
        thread.join(max(0.0, deadline - deps.monotonic()))
    missing = [
        _broken(checks[i], f"no result within {_LIMIT_S:g} s") for i in range(len(checks)) if i not in found
    ]
    return [finding for index in sorted(found) for finding in found[index]] + missing


def _broken(check: Check, reason: str) -> Finding:
    return Finding(
        getattr(check, "__name__", "check"),
        Level.WARNING,
        f"could not be looked at: {reason}",
        "wattos doctor",
    )


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos doctor`."""

    def doctor(deps: Deps) -> ExitCode:
        """Look at this machine and this project, and say what to mend and how.

        Takes at most three seconds and changes nothing. Exit code 1 if something must be mended before
        `wattos up`.

        Examples:
          wattos doctor
          wattos doctor -o json
        """
        return run(Options(), deps)

    return doctor
