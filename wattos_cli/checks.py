"""What a `check` command found, told to a person, a program and a pipeline."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode
from wattos_cli.generated import read
from wattos_cli.reports import add_to_summary, write_report


class Checked(NamedTuple):
    """One check; `problem` is empty when it passed."""

    name: str
    problem: str = ""


def tell(
    checked: Sequence[Checked], deps: Deps, schema: str, junit_file: Path | None = None, **more: Any
) -> ExitCode:
    """Print what failed and return exit code 1, else 0.

    `schema` is that of the JSON object (`wattos.NOUN-check/v1`), `more` are further fields of it.
    """
    from wattos_cli.render import ci
    from wattos_cli.render.junit import Case, junit
    from wattos_cli.render.text import table

    console = deps.console
    failures = [each for each in checked if each.problem]
    noun = schema.removeprefix("wattos.").partition("-")[0]
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
        console.data(table(("CHECK", "PROBLEM"), failures, width=console.table_width, color=console.color))
    if junit_file is not None:
        cases = [Case(each.name, 0.0, each.problem) for each in checked]
        write_report(deps, junit_file, junit(noun, cases))
    if failures:
        add_to_summary(deps, ci.markdown_table(noun.capitalize(), ("check", "problem"), failures))
    for each in failures:
        line = ci.annotation(deps.environ, "error", each.name, each.problem)
        if line:
            console.note(line)
    console.note(f"{len(checked)} checks, {len(failures)} failed")
    return ExitCode.NO if failures else ExitCode.OK


def _equal(_name: str, found: str, text: str) -> bool:
    return found == text


def up_to_date(
    folder: Path,
    shown: Path,
    files: Mapping[str, str],
    command: str,
    *,
    pattern: str,
    same: Callable[[str, str, str], bool] = _equal,
) -> Iterator[Checked]:
    """Yield whether each of `files` below `folder` is as `command` would write it.

    `shown` is how a person calls the folder. What else matches `pattern` there is left over. `same` is
    asked with a file's name, what is found in it and what would be written.
    """
    for name, text in sorted(files.items()):
        found = read(folder / name)
        problem = ""
        if not (folder / name).exists():
            problem = f"is missing; write it with: {command}"
        elif found is None or not same(name, found, text):
            problem = f"is stale; write it with: {command}"
        yield Checked(str(shown / name), problem)
    present = {path.relative_to(folder).as_posix() for path in folder.glob(pattern)}
    for name in sorted(present - files.keys()):
        yield Checked(str(shown / name), "is not generated any more; delete it")
