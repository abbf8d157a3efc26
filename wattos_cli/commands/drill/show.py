"""`wattos drill show`."""

from dataclasses import dataclass
from typing import Annotated

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.drills.files.built_in import built_in_names
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Argument


@dataclass(frozen=True)
class Options:
    """A built-in drill's name, or the path of a file."""

    drill: str


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print the file of a drill, after it was checked."""
    from wattos_cli.drills.files.catalogue import file_of
    from wattos_cli.drills.files.reading import read_with_text

    drill, text = read_with_text(file_of(opts.drill, deps.cwd))
    console = deps.console
    if console.json_output:
        shown = drill.model_dump(mode="json", by_alias=True, serialize_as_any=True, exclude_none=True)
        console.json({"schema": "wattos.drill-show/v1", "needs": sorted(drill.needs), **shown, "file": text})
    else:
        console.data(text.rstrip())
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos drill show`."""

    def show(
        deps: Deps,
        *,
        drill: Annotated[str, Argument(help="A built-in drill, or a file.", offered=built_in_names)],
    ) -> ExitCode:
        """Print the file of a drill, after it was checked.

        A mistake is told with its line and column (exit 3). What is printed is the beginning of a drill of
        your own.

        Examples:
          wattos drill show llm-outage
          wattos drill show llm-outage > my.toml
          wattos drill show ./my.toml
        """
        return run(Options(drill), deps)

    return show
