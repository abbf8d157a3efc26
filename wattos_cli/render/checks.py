"""What a `check` command found, for a person, a program and a pipeline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode
from wattos_cli.render import ci
from wattos_cli.render.junit import Case, junit
from wattos_cli.render.text import table


class Checked(NamedTuple):
    """One check; `problem` is empty when it passed."""

    name: str
    problem: str = ""


def show(
    checked: Sequence[Checked], deps: Deps, schema: str, junit_file: Path | None, **more: Any
) -> ExitCode:
    """Print what failed and return exit code 1, else 0; `more` are further fields of the JSON object."""
    console = deps.console
    failures = [each for each in checked if each.problem]
    if console.json_output:
        console.json(
            {
                "schema": schema,
                "verdict": "fail" if failures else "pass",
                "checks": len(checked),
                "failures": [{"check": each.name, "problem": each.problem} for each in failures],
                **more,
            }
        )
    elif failures:
        console.data(table(("check", "problem"), failures, width=console.table_width, color=console.color))
    if junit_file is not None:
        cases = [Case(each.name, 0.0, each.problem) for each in checked]
        (deps.cwd / junit_file).write_text(
            junit(schema.split(".")[1].partition("-")[0], cases), encoding="utf-8"
        )
    for each in failures:
        line = ci.annotation(deps.environ, "error", each.name, each.problem)
        if line:
            console.note(line)
    console.note(f"{len(checked)} checks, {len(failures)} failed")
    return ExitCode.NO if failures else ExitCode.OK
