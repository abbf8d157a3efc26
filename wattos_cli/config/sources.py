"""A TOML file, wattos.toml above all, as a document: with the place of every key and the problems found."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattos_cli.config.fields import Field, InvalidValueError
from wattos_cli.config.positions import Positions
from wattos_cli.config.problems import HINT, ExpressionError, Problem, config_error, sentence, suggestion
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.named_files import read as read_file

_AT = re.compile(r"\(at line (\d+), column (\d+)\)")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_AT_END = re.compile(r"\(at end of document\)")
_LIMIT_BYTES = 1_000_000


@dataclass
class Document:
    """The content of the file (empty without one), its text, and the problems found so far."""

    path: Path | None
    name: str = "wattos.toml"
    content: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    positions: Positions | None = None
    problems: list[Problem] = field(default_factory=list)

    def where(self, path: tuple[str, ...]) -> str:
        """Return `file:line:column` of the key at `path`."""
        line, column = self.positions.of(path) if self.positions else (1, 1)
        return f"{self.name}:{line}:{column}"

    def problem(self, path: tuple[str, ...], message: str) -> None:
        """Note that the key at `path` is wrong."""
        self.problems.append(Problem(self.where(path), message))

    def problem_within(self, path: tuple[str, ...], name: str, error: ExpressionError) -> None:
        """Note what is wrong with the expression at `path`, with its line and a mark below the place."""
        place = self.positions.within(path, error.text, error.at) if self.positions else None
        if self.positions is None or place is None:
            self.problem(path, f"{name}: {sentence(error.reason)}\n  {error.text}\n  {' ' * error.at}^")
            return
        line, column = place
        shown = self.positions.line(line).replace("\t", " ")
        message = f"{name}: {sentence(error.reason)}\n  {shown}\n  {' ' * (column - 1)}^"
        self.problems.append(Problem(f"{self.name}:{line}:{column}", message))

    def parsed(self, field_: Field, path: tuple[str, ...], value: Any) -> Any:
        """Return `value` as `field_`'s type, or its default after noting the problem."""
        try:
            return field_.parsed(value)
        except InvalidValueError as error:
            self.problem(path, f"{'.'.join(path)}: {error}.")
            return field_.default

    def table(self, *path: str) -> Mapping[str, Any]:
        """Return the table at `path`, empty when absent; something else there is noted as a problem."""
        value: Any = self.content
        for depth, part in enumerate(path, start=1):
            value = value.get(part, {})
            if not isinstance(value, dict):
                self.problem(path[:depth], f"{'.'.join(path[:depth])}: expected a table, got {value!r}.")
                return {}
        return dict(value)


def read(path: Path, hint: str = HINT, unreadable: ExitCode = ExitCode.CONFIG) -> Document:
    """Return the document at `path`, or an empty one when there is no file.

    Raises WattosError when it is no TOML (exit 3; `hint` is what to type then) or cannot be read
    (`unreadable`).
    """
    try:
        body = read_file(path, _LIMIT_BYTES + 1)
    except FileNotFoundError:
        return Document(None)
    except OSError as error:
        raise WattosError(
            f"cannot read {path}: {error.strerror}",
            hint=f"ls -l {path}",
            code="config_unreadable",
            exit_code=unreadable,
        ) from error
    return _parsed(body, path, hint)


def _parsed(body: bytes, path: Path, hint: str) -> Document:
    if len(body) > _LIMIT_BYTES:
        raise config_error([Problem(f"{path.name}:1:1", f"larger than {_LIMIT_BYTES} bytes.")], hint)
    try:
        text = body.decode("utf-8-sig")  # editors on Windows write a byte order mark
    except UnicodeDecodeError as error:
        problem = Problem(f"{path.name}:1:1", f"not UTF-8 text (byte {error.start}).")
        raise config_error([problem], hint) from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise config_error([_syntax_problem(path.name, text, str(error))], hint) from None
    return Document(path, path.name, content, text, Positions(text.replace("\r\n", "\n")))


def _syntax_problem(name: str, text: str, message: str) -> Problem:
    match = _AT.search(message)
    line, column = (match[1], match[2]) if match else (str(text.count("\n") + 1), "1")
    reason = _AT_END.sub("at the end of the file", _AT.sub("", message)).strip()
    return Problem(f"{name}:{line}:{column}", f"{reason}.")


def leaves(table: Mapping[str, Any], prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every key that holds no table (or an empty one), with its path."""
    for key, value in table.items():
        path = (*prefix, key)
        if isinstance(value, dict) and value:
            yield from leaves(value, path)
        else:
            yield path, value


def dotted(path: Iterable[str]) -> str:
    """Return `path` as TOML writes it: a part that is no bare key, like a name with a dot, in quotes."""
    return ".".join(part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False) for part in path)


def note_unknown(document: Document, path: tuple[str, ...], known: set[str]) -> None:
    """Note that the last part of `path` is none of `known`, with a suggestion."""
    inside = f" in [{dotted(path[:-1])}]" if len(path) > 1 else ""
    document.problem(path, f"unknown key {path[-1]!r}{inside}.{suggestion(path[-1], known)}")
