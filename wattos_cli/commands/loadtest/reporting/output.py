"""Where the result goes: stdout, the files that were asked for, what CI shows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.commands.loadtest.options.run_spec import RunSpec
from wattos_cli.commands.loadtest.reporting import formats
from wattos_cli.commands.loadtest.running.runner import described, too_few_in_time
from wattos_cli.commands.loadtest.target.access import Target
from wattos_cli.console import Console
from wattos_cli.deps import Deps
from wattos_cli.loadtest.result.document import document
from wattos_cli.loadtest.result.shape import Result
from wattos_cli.render import loadtest as render
from wattos_cli.reports import Ended, prepare_report, publish, require_apart


def announce(spec: RunSpec, target: Target, opts: Options, console: Console) -> str:
    """Tell what is about to run, against whom and as whom, and return it as a title."""
    what = "the largest rate that holds" if spec.find_limit else described(spec.plan)
    title = f"{spec.scenario.name}: {what} against {target.url}"
    if not opts.quiet and not console.draws:  # the screen of the run has the title, its end the limits
        console.note(f"{title}\n{render.limits({'tenant': msgspec.to_builtins(target.tenant)})}")
    for warning in too_few_in_time(spec.plan):
        console.note(f"warning: {warning}")
    if spec.plan.ui_port is not None:
        console.note(f"Locust's page: http://127.0.0.1:{spec.plan.ui_port}   Ctrl-C ends the run")
    return title


def prepare_files(opts: Options, deps: Deps) -> None:
    """Make the folders to write to, so that no run is lost for want of one; WattosError if that fails."""
    require_apart(deps, {}, {"--json": opts.json_file, "--junit": opts.junit_file})
    for path in _files(opts):
        prepare_report(deps, path)


def tell(result: Result, opts: Options, deps: Deps) -> None:
    """Write the result to stdout first, then to the files asked for and to what CI shows.

    WattosError names the files that could not be written, and where the whole result is.
    """
    told = document(result)
    publish(
        deps,
        Ended(
            "the run",
            result.verdict,
            _whole(result),
            [path for path, form in _files(opts).items() if form is None],
            again="make them of it: wattos loadtest report {file}",
        ),
        lambda: _show(result, told, deps.console),
        _texts(opts, result, told),
        markdown=render.as_markdown(told),
        annotations=render.annotations(told, deps.environ),
    )


def _show(result: Result, told: Mapping[str, Any], console: Console) -> None:
    if console.json_output:
        console.json(msgspec.to_builtins(result))
    else:
        if console.clear_frame():
            console.note(render.limits(told))
        console.data(render.as_table(told, color=console.color, width=console.table_width))


def _texts(opts: Options, result: Result, told: Mapping[str, Any]) -> dict[Path, str]:
    return {path: form(told) if form else _whole(result) for path, form in _files(opts).items()}


def _whole(result: Result) -> str:
    return f"{msgspec.json.encode(result).decode()}\n"


def _files(opts: Options) -> Mapping[Path, formats.Form | None]:
    """Return the files to write, each with its form, or None for the result itself."""
    asked: dict[Path | None, formats.Form | None] = {opts.json_file: None, opts.junit_file: formats.junit}
    if opts.report_dir:
        asked[opts.report_dir / "result.json"] = None
        asked |= {opts.report_dir / name: form for name, form in formats.REPORTS.items()}
    return {path: form for path, form in asked.items() if path is not None}
