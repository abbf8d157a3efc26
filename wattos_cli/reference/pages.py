"""The help page of every command, as plain text 80 columns wide."""

import importlib
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args, get_origin

from wattos_cli.dispatch.globals import PARAMETERS, parameters_of
from wattos_cli.dispatch.tree import Entry
from wattos_cli.errors import MEANINGS
from wattos_cli.parameters import Argument, Option

WIDTH = 80
_COLUMN = 30
_INTRODUCTION = "wattos brings up a complete AI platform with one command, and operates it."
_FOOT = """Topics:
  wattos help exit-codes        What the exit code of a command says.

Every command answers --help. Start with: wattos up
"""


@dataclass(frozen=True, slots=True)
class _Line:
    """One option or argument: how it is written and what it means."""

    spelling: str
    meaning: str


def all_pages(tree: Sequence[Entry]) -> dict[str, str]:
    """Return every page by its path below the folder of pages (`token/create.txt`)."""
    pages = {"wattos.txt": _root(tree), "exit-codes.txt": exit_codes()}
    for path, entry in _walk(tree, ()):
        pages[f"{'/'.join(path)}.txt"] = _noun(path, entry) if entry.children else _command(path, entry)
    return pages


def exit_codes() -> str:
    """Return the topic `exit-codes`."""
    lines = ["What the exit code of a command says:", ""]
    for code, meaning in MEANINGS.items():
        lines += textwrap.wrap(f"{code:>5}  {meaning}", WIDTH, subsequent_indent=" " * 7)
    return "\n".join([*lines, ""])


def _walk(tree: Sequence[Entry], parents: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Entry]]:
    for entry in tree:
        path = (*parents, entry.name)
        yield path, entry
        yield from _walk(entry.children, path)


def _root(tree: Sequence[Entry]) -> str:
    blocks = [f"{_INTRODUCTION}\n\nUsage: wattos [-C DIR] COMMAND [OPTIONS] [ARGUMENTS]\n"]
    for section in dict.fromkeys(entry.section for entry in tree):
        rows = [_Line(entry.name, entry.summary) for entry in tree if entry.section == section]
        blocks.append(_section(section, rows, column=16))
    options = [
        *_options(PARAMETERS),
        _Line("--version", "Print the version."),
        _Line("-h, --help", "Print help."),
    ]
    blocks += [_section("Options, on every command", options), _FOOT]
    return "\n".join(blocks)


def _noun(path: tuple[str, ...], entry: Entry) -> str:
    usage = f"{entry.summary}\n\nUsage: wattos {' '.join(path)} COMMAND\n"
    for verb, given in ((entry.default_verb, "..."), (entry.naming_verb, "NAME ...")):
        if verb:
            usage += (
                f"       wattos {' '.join(path)} {given}   means   wattos {' '.join(path)} {verb} {given}\n"
            )
    rows = [_Line(child.name, child.summary) for child in entry.children]
    verb = entry.naming_verb or entry.default_verb
    more = f"\nIts options and examples: wattos {' '.join((*path, verb))} --help\n" if verb else ""
    return f"{usage}\n{_section('Commands', rows, column=16)}{more}"


def _command(path: tuple[str, ...], entry: Entry) -> str:
    command = importlib.import_module(entry.module).command()
    own = parameters_of(command)
    arguments = [(_metavar(p), p) for p in own if isinstance(_declared(p), Argument)]
    usage = [
        "Usage: wattos",
        *path,
        "[OPTIONS]",
        *(name if p.default is inspect.Parameter.empty else f"[{name}]" for name, p in arguments),
    ]
    description, examples = _description(command.__doc__ or entry.summary)
    global_names = {parameter.name for parameter in PARAMETERS}
    blocks = [
        f"{description}\n\n{' '.join(usage)}\n",
        _section("Arguments", [_Line(name, _declared(p).help) for name, p in arguments]),
        _section("Options", _options(p for p in own if p.name not in global_names)),
        _section("Options of every command", _options(p for p in own if p.name in global_names)),
        f"Examples:\n{examples}\n" if examples else "",
    ]
    return "\n".join(block for block in blocks if block)


def _description(docstring: str) -> tuple[str, str]:
    """Return the wrapped text before `Examples:`, and the examples as they are written."""
    text, _, examples = inspect.cleandoc(docstring).partition("Examples:")
    paragraphs = [
        textwrap.fill(" ".join(p.split()), WIDTH, break_on_hyphens=False) for p in text.strip().split("\n\n")
    ]
    return "\n\n".join(paragraphs), examples.strip("\n").rstrip()


def _section(title: str, rows: Sequence[_Line], column: int = _COLUMN) -> str:
    if not rows:
        return ""
    lines = [f"{title}:"]
    for row in rows:
        head = f"  {row.spelling}"
        body = textwrap.wrap(row.meaning, WIDTH - column, break_on_hyphens=False) or [""]
        if len(head) >= column - 1:
            lines.append(head)
            head = ""
        lines += [f"{head:<{column}}{body[0]}".rstrip(), *(" " * column + line for line in body[1:])]
    return "\n".join([*lines, ""])


def _options(parameters: Iterator[inspect.Parameter] | Sequence[inspect.Parameter]) -> list[_Line]:
    lines = []
    for parameter in parameters:
        declared = _declared(parameter)
        if isinstance(declared, Option):
            value = _metavar(parameter)
            default = declared.default_text or _default_text(parameter.default)
            note = f"  [default: {default}]" if default else ""
            spelling = f"{', '.join(declared.flags)} {value}".rstrip()
            lines.append(
                _Line(spelling if declared.flags[0][1] != "-" else f"    {spelling}", declared.help + note)
            )
    return lines


def _default_text(default: Any) -> str:
    return "" if default in (None, False, inspect.Parameter.empty) else str(default)


def _declared(parameter: inspect.Parameter) -> Option | Argument:
    return next(item for item in get_args(parameter.annotation) if isinstance(item, Option | Argument))


def _metavar(parameter: inspect.Parameter) -> str:
    """Return how the value is called: the declared name, the choices of an enum, or the type."""
    declared = _declared(parameter)
    type_, many = _value_type(get_args(parameter.annotation)[0])
    if type_ is bool:
        return ""
    name = declared.metavar
    if not name and issubclass(type_, Enum):
        name = "|".join(str(item.value) for item in type_)
    if not name:
        numbers: Mapping[type, str] = {int: "N", float: "X"}
        name = (
            parameter.name.strip("_").upper()
            if isinstance(declared, Argument)
            else numbers.get(type_, "TEXT")
        )
    return f"{name}..." if many and isinstance(declared, Argument) else name


def _value_type(annotation: Any) -> tuple[type, bool]:
    options = [item for item in get_args(annotation) if item is not type(None)]
    if get_origin(annotation) is list:
        return options[0], True
    if options:
        return _value_type(options[0])
    return annotation, False
