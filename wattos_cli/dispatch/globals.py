"""The options that every command takes: `-C DIR`, `--no-color`, `-o/--output`."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from wattos_cli.deps import Command, Deps
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Option

VALUE_OPTIONS = frozenset({"-C", "--directory", "-o", "--output"})


class Output(StrEnum):
    """The formats that every command can write."""

    TABLE = "table"
    JSON = "json"


def _global(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


PARAMETERS = (
    _global(
        "output",
        None,
        Annotated[
            Output | None, Option("-o", "--output", help="How to write the result.", default_text="table")
        ],
    ),
    _global(
        "directory",
        None,
        Annotated[
            Path | None, Option("-C", "--directory", metavar="DIR", help="Work in the project at DIR.")
        ],
    ),
    _global("no_color", False, Annotated[bool, Option("--no-color", help="Write plain text.")]),
)


@dataclasses.dataclass
class Current:
    """The dependencies of this call, refined by the root's options before the command's own are read."""

    deps: Deps

    def refine(self, given: Mapping[str, Any]) -> None:
        """Take over the global options in `given`."""
        self.deps = apply(
            self.deps,
            directory=given.get("directory"),
            output=given.get("output"),
            no_color=bool(given.get("no_color")),
        )


def parameters_of(command: Command) -> list[inspect.Parameter]:
    """Return the command's own parameters (without `deps`), then the global ones it does not declare."""
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(command).parameters.values())[1:]
    ]
    names = {parameter.name for parameter in own}
    return [*own, *(parameter for parameter in PARAMETERS if parameter.name not in names)]


def bound(command: Command, current: Current) -> Callable[..., ExitCode]:
    """Return `command` with its `deps` filled in; it takes the values of `parameters_of(command)`."""
    own = set(list(inspect.signature(command).parameters)[1:])

    def call(**given: Any) -> ExitCode:
        current.refine(given)
        return command(current.deps, **{name: given[name] for name in own})

    return call


def apply(deps: Deps, *, directory: Path | None, output: str | None, no_color: bool) -> Deps:
    """Return `deps` as the global options want them; WattosError (usage) if `directory` is no folder."""
    console = deps.console
    if output is not None:
        console = dataclasses.replace(console, json_output=str(output) == Output.JSON)
    if no_color:
        console = dataclasses.replace(console, color=False)
    cwd = deps.cwd
    if directory is not None:
        cwd = (deps.cwd / directory).resolve()
        if not cwd.is_dir():
            raise WattosError(
                f"-C {directory}: there is no such folder ({cwd}).",
                hint="name an existing folder, or create it first.",
                code="no_such_folder",
                exit_code=ExitCode.USAGE,
                details={"path": str(cwd)},
            )
    return dataclasses.replace(deps, console=console, cwd=cwd)
