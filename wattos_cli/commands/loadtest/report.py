"""`wattos loadtest report`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wattos_cli.commands.loadtest.reporting import formats
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Argument, Option
from wattos_cli.reports import require_apart, write_report


@dataclass(frozen=True)
class Options:
    """The result, and the reports to write beside what is printed."""

    file: Path
    html: Path | None = None
    markdown: Path | None = None
    junit: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print the result and write the reports; it was judged when it was measured, so this is no verdict."""
    from wattos_cli.loadtest.result import reading
    from wattos_cli.loadtest.result.document import document
    from wattos_cli.render import loadtest as render

    written = {"--html": opts.html, "--markdown": opts.markdown, "--junit": opts.junit}
    require_apart(deps, {"the result itself": opts.file}, written)
    body = reading.content(deps.cwd / opts.file)
    told = document(reading.decode(body, str(opts.file)))
    asked = ((opts.html, formats.html), (opts.markdown, formats.markdown), (opts.junit, formats.junit))
    files = {path: form for path, form in asked if path is not None}
    console = deps.console
    if console.json_output:
        console.json(json.loads(body))
    else:
        console.data(render.as_table(told, color=console.color, width=console.table_width))
    for path, form in files.items():
        write_report(deps, path, form(told))
        console.note(f"written: {path}")
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos loadtest report`."""

    def report(
        deps: Deps,
        *,
        file: Annotated[Path, Argument(help="A result: of --json, or result.json of --report.")],
        html: Annotated[
            Path | None, Option("--html", metavar="FILE", help="Write a page for a browser, in one file.")
        ] = None,
        markdown: Annotated[
            Path | None, Option("--markdown", metavar="FILE", help="Write a summary for a pipeline's page.")
        ] = None,
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    ) -> ExitCode:
        """Show the result of a load test again, in any form.

        The page needs no network: charts of latency, distribution, the server's own metrics and breakers, and
        the slowest requests with their traces. Exit 2: the file holds no result.

        Examples:
          wattos loadtest report out/result.json
          wattos loadtest report out/result.json --html load.html --markdown load.md
        """
        return run(Options(file, html, markdown, junit), deps)

    return report
