"""Where the result goes: stdout, the files that were asked for, what CI shows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattos_cli.commands.loadtest.asked import Asked
from wattos_cli.commands.loadtest.options import Options
from wattos_cli.commands.loadtest.running import described
from wattos_cli.commands.loadtest.target import Target
from wattos_cli.console import Console
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.render import loadtest as render
from wattos_cli.reports import add_to_summary


def announce(asked: Asked, target: Target, opts: Options, console: Console) -> str:
    """Tell what is about to run, against whom and as whom, and return it as a title."""
    what = "the largest rate that holds" if asked.find_limit else described(asked.plan)
    title = f"{asked.scenario.name}: {what} against {target.url}"
    if not opts.quiet:
        console.note(f"{title}\n{render.limits({'tenant': target.tenant})}")
    if asked.plan.ui_port is not None:
        console.note(f"Locust's page: http://127.0.0.1:{asked.plan.ui_port}   Ctrl-C ends the run")
    return title


def prepare_files(opts: Options, cwd: Path) -> None:
    """Make the files to write, so that no run is lost for want of a folder; WattosError if that fails."""
    for path, _ in _files(opts, cwd):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError as error:
            raise WattosError(
                f"cannot write {path}: {error.strerror}",
                hint="name a file in a folder that you may write",
                code="report_not_writable",
                exit_code=ExitCode.USAGE,
                details={"path": str(path)},
            ) from error


def tell(result: Mapping[str, Any], opts: Options, deps: Deps) -> None:
    """Write the result to stdout first, then to the files asked for and to what CI shows.

    WattosError names the files that could not be written: by then stdout has the whole result.
    """
    console = deps.console
    if console.json_output:
        console.json(result)
    else:
        console.data(render.as_table(result, color=console.color))
    console.stdout.flush()
    whole = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    contents = {"json": whole, "junit": render.as_junit(result), "markdown": render.as_markdown(result)}
    problems = {path: _write(path, contents[form]) for path, form in _files(opts, deps.cwd)}
    add_to_summary(deps, render.as_markdown(result))
    for line in render.annotations(result, deps.environ):
        console.note(line)
    failed = {path: problem for path, problem in problems.items() if problem}
    if failed:
        told = "; ".join(f"{path}: {problem}" for path, problem in failed.items())
        raise WattosError(
            f"the run is over ({result['verdict']}), but its report cannot be written: {told}",
            hint="the result stands on stdout; make room, then: wattos loadtest report FILE",
            code="report_not_written",
            details={"files": [str(path) for path in failed], "verdict": result["verdict"]},
        )


def _write(path: Path, text: str) -> str:
    """Write the file and return "", or why it cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _files(opts: Options, cwd: Path) -> list[tuple[Path, str]]:
    """Return the files to write, each with its form."""
    asked = [(opts.json_file, "json"), (opts.junit_file, "junit")]
    if opts.report_dir:
        asked += [(opts.report_dir / "result.json", "json"), (opts.report_dir / "junit.xml", "junit")]
        asked.append((opts.report_dir / "summary.md", "markdown"))
    return [(cwd / path, form) for path, form in asked if path is not None]
