"""Groups whose commands are imported only when they are called."""

import importlib
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from wattos_cli.deps import Deps
from wattos_cli.dispatch import globals as global_options
from wattos_cli.dispatch.tree import Entry
from wattos_cli.errors import ExitCode

CONTEXT = {"help_option_names": ["-h", "--help"]}


class _Current:
    """The dependencies of this call, refined by the root's options before the command's own are read."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps

    def get(self) -> Deps:
        return self.deps


class _LazyCommands(MutableMapping[str, Any]):
    """Names are known at once; the typer command is built, and its module imported, on first access."""

    def __init__(self, entries: Sequence[Entry], current: _Current) -> None:
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


def _build(entry: Entry, current: _Current) -> Any:
    """Return the typer command or group of `entry`."""
    if entry.children:
        return _group(entry.name, entry.summary, entry.children, current, _no_options)
    module = importlib.import_module(entry.module)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    callback = global_options.with_globals(module.command(), current.get)
    app.command(entry.name, context_settings=dict(CONTEXT))(callback)
    return typer.main.get_command(app)


def _group(
    name: str,
    summary: str,
    entries: Sequence[Entry],
    current: _Current,
    callback: Callable[..., None],
) -> TyperGroup:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.callback(help=summary, context_settings=dict(CONTEXT))(callback)
    group = typer.main.get_group(app)
    group.name = name
    group.commands = _LazyCommands(entries, current)
    return group


def _no_options() -> None:
    return None


def build(entries: Sequence[Entry], deps: Deps) -> TyperGroup:
    """Return the whole tree as one typer group whose commands end in `run(opts, deps)`."""
    current = _Current(deps)

    def root(
        directory: Annotated[Path | None, typer.Option("-C", "--directory", metavar="DIR")] = None,
        output: Annotated[global_options.Output | None, typer.Option("-o", "--output")] = None,
        no_color: Annotated[bool, typer.Option("--no-color")] = False,  # noqa: FBT002 - typer's flag
    ) -> None:
        current.deps = global_options.apply(
            current.deps, directory=directory, output=output, no_color=no_color
        )

    return _group("wattos", "Bring up a complete AI platform and operate it.", entries, current, root)


def invoke(group: TyperGroup, argv: Sequence[str]) -> ExitCode:
    """Run the command that `argv` names and return its exit code.

    Raises whatever the command raises, and typer's own exceptions for a wrong command line.
    """
    with group.make_context("wattos", list(argv)) as context:
        result = group.invoke(context)
    return ExitCode.OK if result is None else ExitCode(result)
