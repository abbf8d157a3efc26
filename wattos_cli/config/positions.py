"""Where each key stands in a TOML text; the standard library's parser does not say it."""

import re
from bisect import bisect_right

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"""', re.DOTALL),
    re.compile(r"'''.*?'''", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


class Positions:
    """The line and column (both from 1) of every key of a TOML text that `tomllib` has accepted."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0
        self._found: dict[tuple[str, ...], int] = {}
        self._arrays: dict[tuple[str, ...], int] = {}
        self._strings: dict[tuple[str, ...], int] = {}
        self._document()

    def of(self, path: tuple[str, ...]) -> tuple[int, int]:
        """Return line and column of the key at `path`, or of its nearest parent that stands in the text."""
        while path and path not in self._found:
            path = path[:-1]
        return self._place(self._found.get(path, 0))

    def within(self, path: tuple[str, ...], string: str, at: int) -> tuple[int, int] | None:
        """Return line and column of the character `at` of the value `string` of the key at `path`.

        None where the file writes that value in another way, with escapes.
        """
        start = self._strings.get(path)
        if start is None or not self._text.startswith(string, start):
            return None
        return self._place(start + at)

    def line(self, number: int) -> str:
        """Return the text of line `number`, from 1."""
        return self._text[self._lines[number - 1] :].split("\n", 1)[0]

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def _document(self) -> None:
        table: tuple[str, ...] = ()
        while True:
            self._skip(_GAP)
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> tuple[str, ...]:
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        self._skip(_SPACE)
        start = self._at
        path = self._key()
        self._at = self._text.find("\n", self._at)
        self._at = len(self._text) if self._at < 0 else self._at
        self._found.setdefault(path, start)
        if not is_array:
            return path
        index = self._arrays[path] = self._arrays.get(path, -1) + 1
        self._found[(*path, str(index))] = start
        return (*path, str(index))

    def _pair(self, table: tuple[str, ...]) -> None:
        start = self._at
        path = table + self._key()
        for length in range(len(table) + 1, len(path) + 1):
            self._found.setdefault(path[:length], start)
        self._skip(_SPACE)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self._at
            quoted = self._string()
            if quoted is None:
                self._skip(_BARE)
            parts.append(self._text[start : self._at] if quoted is None else quoted[1:-1])
            self._skip(_SPACE)
            if self._text[self._at : self._at + 1] != ".":
                return tuple(parts)
            self._at += 1

    def _value(self, path: tuple[str, ...]) -> None:
        first = self._text[self._at : self._at + 1]
        start = self._at
        if first in {"[", "{"}:
            self._container(path, first)
        elif (string := self._string()) is not None:
            self._strings[path] = start + _opening_chars(string)
        else:
            self._skip(_SCALAR)

    def _container(self, path: tuple[str, ...], opening: str) -> None:
        closing = "]" if opening == "[" else "}"
        self._at += 1
        index = 0
        while True:
            self._skip(_GAP)
            char = self._text[self._at : self._at + 1]
            if char in {closing, ""}:
                self._at += 1
                return
            if char == ",":
                self._at += 1
            elif opening == "{":
                self._pair(path)
            else:
                self._found[(*path, str(index))] = self._at
                index += 1
                self._value((*path, str(index - 1)))

    def _string(self) -> str | None:
        for pattern in _STRINGS:
            match = pattern.match(self._text, self._at)
            if match:
                self._at = match.end()
                return match.group()
        return None

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()


def _opening_chars(string: str) -> int:
    """Return the length of the quotes that `string` opens with, and of a line break that does not count."""
    if not string.startswith(('"""', "'''")):
        return 1
    return 4 if string[3] == "\n" else 3
