"""Reads a correct command line without typer, whose import takes longer than most commands.

Whatever is not plainly correct (an unknown option, a missing or superfluous value, a request for help) is
answered with None, and typer reads the line again and says what is wrong. A test holds both to one result.
"""

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from wattos_cli.dispatch.globals import PARAMETERS
from wattos_cli.dispatch.tree import Entry
from wattos_cli.parameters import Argument, Option

_PLAIN_TYPES = (str, int, float, bool, Path)


class _NotPlainError(ValueError):
    """The command line needs typer."""


@dataclass(frozen=True, slots=True)
class _Spec:
    """What one parameter accepts."""

    name: str
    default: Any
    declared: Option | Argument
    type_: Any
    many: bool

    @property
    def is_flag(self) -> bool:
        return self.type_ is bool

    def value(self, text: str) -> Any:
        """Return `text` as this parameter's type; ValueError if it is not one."""
        return self.type_(text)


def route(argv: Sequence[str], tree: Sequence[Entry]) -> tuple[Entry, list[str], list[str]] | None:
    """Return the command that `argv` names, its arguments, and the global options that stand before it."""
    specs = {flag: spec for spec in map(_spec, PARAMETERS) for flag in _flags(spec)}
    index = 0
    while index < len(argv) and argv[index] in specs:
        index += 1 if specs[argv[index]].is_flag else 2
    before = list(argv[:index])
    entries: Sequence[Entry] = tree
    while index < len(argv):
        entry = next((candidate for candidate in entries if candidate.name == argv[index]), None)
        if entry is None:
            return None
        index += 1
        if entry.module:
            return entry, list(argv[index:]), before
        entries = entry.children
    return None


def bind(parameters: Sequence[Parameter], argv: Sequence[str]) -> dict[str, Any] | None:
    """Return the values of `parameters` in `argv`, or None when typer must read it."""
    try:
        specs = [_spec(parameter) for parameter in parameters]
        texts = _collect(specs, list(argv))
        return {spec.name: _finished(spec, texts.get(spec.name)) for spec in specs}
    except ValueError:
        return None


def _spec(parameter: Parameter) -> _Spec:
    if get_origin(parameter.annotation) is not Annotated:
        raise _NotPlainError
    annotation, declared, *_ = get_args(parameter.annotation)
    if not isinstance(declared, Option | Argument):
        raise _NotPlainError
    if get_origin(annotation) in {Union, types.UnionType}:
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    many = get_origin(annotation) is list
    type_ = get_args(annotation)[0] if many else annotation
    if type_ not in _PLAIN_TYPES and not (isinstance(type_, type) and issubclass(type_, Enum)):
        raise _NotPlainError
    return _Spec(parameter.name, parameter.default, declared, type_, many)


def _flags(spec: _Spec) -> tuple[str, ...]:
    return spec.declared.flags if isinstance(spec.declared, Option) else ()


def _collect(specs: Sequence[_Spec], argv: list[str]) -> Mapping[str, list[str]]:
    """Return the texts given for each parameter; flags have an empty text each time they are given."""
    by_flag = {flag: spec for spec in specs for flag in _flags(spec)}
    if any("/" in flag for flag in by_flag):
        raise _NotPlainError
    texts: dict[str, list[str]] = {}
    words: list[str] = []
    while argv:
        word = argv.pop(0)
        if word == "--":
            words += argv
            break
        if not word.startswith("-") or word == "-":
            words.append(word)
            continue
        flag, separator, value = word.partition("=")
        spec = by_flag.get(flag if word.startswith("--") else word)
        if spec is None or (spec.is_flag and separator) or not (spec.is_flag or separator or argv):
            raise _NotPlainError
        if not spec.is_flag and not separator:
            value = argv.pop(0)
        texts.setdefault(spec.name, []).append(value)
    _place(words, [spec for spec in specs if isinstance(spec.declared, Argument)], texts)
    return texts


def _place(words: list[str], arguments: Sequence[_Spec], texts: dict[str, list[str]]) -> None:
    """Give the positional `words` to `arguments` in order; the last may take many."""
    for position, spec in enumerate(arguments):
        if spec.many and position < len(arguments) - 1:
            raise _NotPlainError
        taken, words = (words, []) if spec.many else (words[:1], words[1:])
        if taken:
            texts[spec.name] = taken
    if words:
        raise _NotPlainError


def _finished(spec: _Spec, texts: list[str] | None) -> Any:
    if texts is None:
        if spec.default is Parameter.empty:
            raise _NotPlainError
        return spec.default
    if spec.is_flag:
        return True
    values = [spec.value(text) for text in texts]
    return values if spec.many else values[-1]
