"""The options that every command takes: `-C DIR`, `--no-color`, `-o/--output`."""

import dataclasses
import inspect
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from wattos_cli.deps import Command, Deps
from wattos_cli.errors import ExitCode, WattosError

VALUE_OPTIONS = frozenset({"-C", "--directory", "-o", "--output"})


class Output(StrEnum):
    """The formats that every command can write."""

    TABLE = "table"
    JSON = "json"


_Directory = Annotated[
    Path | None,
    typer.Option("-C", "--directory", metavar="DIR", help="Work in the project at DIR.", show_default=False),
]
_NoColor = Annotated[bool, typer.Option("--no-color", help="Write plain text.", show_default=False)]
_Output = Annotated[
    Output | None,
    typer.Option("-o", "--output", help="How to write the result.  [default: table]", show_default=False),
]

_PARAMETERS = (
    inspect.Parameter("directory", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Directory),
    inspect.Parameter("output", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Output),
    inspect.Parameter("no_color", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_NoColor),
)


def with_globals(command: Command, current_deps: Callable[[], Deps]) -> Callable[..., ExitCode]:
    """Return `command` for typer: its `deps` parameter is filled in, the global options are added.

    A parameter that the command declares itself (its own `output`) stays the command's.
    """
    signature = inspect.signature(command)
    own = list(signature.parameters.values())[1:]
    names = {parameter.name for parameter in own}
    added = [parameter for parameter in _PARAMETERS if parameter.name not in names]

    def parsed(**kwargs: Any) -> ExitCode:
        deps = apply(
            current_deps(),
            directory=kwargs.get("directory"),
            output=kwargs.get("output"),
            no_color=bool(kwargs.get("no_color")),
        )
        return command(deps, **{name: kwargs[name] for name in names})

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    parameters = [*keyword_only, *added]
    vars(parsed)["__signature__"] = signature.replace(parameters=parameters)
    parsed.__annotations__ = {p.name: p.annotation for p in parameters}
    parsed.__name__ = getattr(command, "__name__", "command")
    parsed.__doc__ = command.__doc__
    return parsed


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
                hint="Name an existing folder, or create it first.",
                code="no_such_folder",
                exit_code=ExitCode.USAGE,
                details={"path": str(cwd)},
            )
    return dataclasses.replace(deps, console=console, cwd=cwd)
