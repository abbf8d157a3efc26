"""The command tree as typer groups whose commands are imported only when they are called."""

import importlib
import inspect
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Annotated, Any, get_args, get_origin

import typer
from typer.core import TyperGroup

from wattos_cli.deps import Deps
from wattos_cli.dispatch import globals as global_options
from wattos_cli.dispatch.tree import Entry
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Argument, Offered, Option

CONTEXT = {"help_option_names": ["-h", "--help"]}


class _LazyCommands(MutableMapping[str, Any]):
    """Names are known at once; the typer command is built, and its module imported, on first access."""

    def __init__(self, entries: Sequence[Entry], current: global_options.Current) -> None:
        self._entries = {entry.name: entry for entry in entries}
        self._current = current
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = _build(self._entries[name], self._current)
        return self._built[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._built[name] = value

    def __delitem__(self, name: str) -> None:
        self._built.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def build(entries: Sequence[Entry], deps: Deps) -> TyperGroup:
    """Return the whole tree as one typer group whose commands end in `run(opts, deps)`."""
    current = global_options.Current(deps)

    def root(**given: Any) -> None:
        current.refine(given)

    _declare(root, global_options.PARAMETERS)
    return _group("wattos", "Bring up a complete AI platform and operate it.", entries, current, root)


def invoke(group: TyperGroup, argv: Sequence[str]) -> ExitCode:
    """Run the command that `argv` names and return its exit code.

    Raises whatever the command raises, and typer's own exceptions for a wrong command line.
    """
    with group.make_context("wattos", list(argv)) as context:
        result = group.invoke(context)
    return ExitCode.OK if result is None else ExitCode(result)


def complete(group: TyperGroup, variable: str) -> ExitCode:
    """Answer the shell, which asks through `variable` what may come next on the line."""
    from typer import completion

    vars(completion)["completion_init"]()
    group.main(args=[], prog_name="wattos", complete_var=variable, standalone_mode=False)
    return ExitCode.OK


def _build(entry: Entry, current: global_options.Current) -> Any:
    """Return the typer command or group of `entry`."""
    if entry.children:
        return _group(entry.name, entry.summary, entry.children, current, lambda: None)
    command = importlib.import_module(entry.module).command()
    call = global_options.bound(command, current)
    call.__doc__ = command.__doc__
    call.__name__ = entry.name
    _declare(call, global_options.parameters_of(command))
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(entry.name, context_settings=dict(CONTEXT))(call)
    return typer.main.get_command(app)


def _group(
    name: str,
    summary: str,
    entries: Sequence[Entry],
    current: global_options.Current,
    callback: Callable[..., None],
) -> TyperGroup:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.callback(help=summary, context_settings=dict(CONTEXT))(callback)
    group = typer.main.get_group(app)
    group.name = name
    group.commands = _LazyCommands(entries, current)
    return group


def _declare(function: Callable[..., Any], parameters: Sequence[inspect.Parameter]) -> None:
    """Give `function` the signature that typer reads, with our declarations turned into typer's."""
    translated = [parameter.replace(annotation=_translated(parameter)) for parameter in parameters]
    vars(function)["__signature__"] = inspect.Signature(translated)
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in translated}


def _translated(parameter: inspect.Parameter) -> Any:
    if get_origin(parameter.annotation) is not Annotated:
        return parameter.annotation
    annotation, declared, *_ = get_args(parameter.annotation)
    if isinstance(declared, Option):
        shown: str | bool = declared.default_text or parameter.default not in (None, False)
        declared = typer.Option(
            *declared.flags,
            help=declared.help,
            metavar=declared.metavar or None,
            show_default=shown,
            autocompletion=_beginning(declared.offered),
        )
    elif isinstance(declared, Argument):
        declared = typer.Argument(
            help=declared.help,
            metavar=declared.metavar or None,
            show_default=False,
            autocompletion=_beginning(declared.offered),
        )
    return Annotated[annotation, declared]


def _beginning(offered: Offered | None) -> Callable[[str], list[str]] | None:
    """Return what gives the words that begin with what was typed."""
    return None if offered is None else lambda incomplete: [w for w in offered() if w.startswith(incomplete)]
