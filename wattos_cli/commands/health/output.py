"""What `wattos health` found, on stdout and in the files and annotations of a pipeline."""

from collections.abc import Sequence

from wattos_cli.commands.health.options import Options, Output
from wattos_cli.console import Console
from wattos_cli.deps import Deps, Finding
from wattos_cli.render import health as render
from wattos_cli.reports import add_to_summary, write_report


def show(findings: Sequence[Finding], opts: Options, console: Console) -> None:
    """Write the findings to stdout in the format asked for."""
    if opts.output is Output.JSON:
        console.json(render.as_json(findings))
    elif opts.output is Output.JUNIT:
        console.stdout.write(render.as_junit(findings, opts.failing))
    else:
        console.data(render.as_table(findings, width=console.table_width, color=console.color))


def report(findings: Sequence[Finding], opts: Options, deps: Deps) -> None:
    """Write the JUnit file, the step summary and the annotations that were asked for."""
    if opts.junit:
        write_report(deps, opts.junit, render.as_junit(findings, opts.failing))
    add_to_summary(deps, render.as_markdown(findings))
    for line in render.annotations(findings, deps.environ):
        deps.console.note(line)
    worst = opts.not_well(findings)
    if opts.output is Output.TABLE and worst:
        deps.console.note(f"look closer with: wattos logs {worst[0].name} --level warning")


def report_nothing(reason: str, opts: Options, deps: Deps) -> None:
    """Write the JUnit file that was asked for, with `reason` as its one failure: nothing could be probed."""
    if opts.junit:
        write_report(deps, opts.junit, render.nothing_as_junit(reason))
