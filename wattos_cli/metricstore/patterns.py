"""Patterns of Prometheus (RE2) as Python's `re` understands them: the same language, or an error."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

_SYNTAX = re.compile(
    r"""(?P<escape>\\.)
      | (?P<set>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])
      | (?P<flags>\(\?(?P<letters>[imsU]*(?:-[imsU]+)?)\))
      | (?P<scoped>\(\?(?P<own>[imsU]*(?:-[imsU]+)?):)
      | (?P<name>\(\?P?<(?P<word>\w+)>)
      | (?P<brace>\{(?!\d+(?:,\d*)?\}))
      | (?P<foreign>\(\?|[*+?}]\+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
_ESCAPES = {"\\z": r"\Z"}
_REFUSED = frozenset("pPCQEGKRXkgNuU123456789Z")
"""Letters that mean nothing in RE2 after a backslash, or something that Python's patterns lack."""


@lru_cache(maxsize=256)
def compiled(text: str) -> re.Pattern[str]:
    """Return the pattern of `text`, in which a dot matches newlines too; re.error if it has no twin."""
    return re.compile(_Translation(text).text, re.DOTALL | re.ASCII)


class _Translation:
    """Rewrites what Python writes in another way: flags that begin amid a pattern, ends, classes."""

    def __init__(self, text: str) -> None:
        self._open: list[list[str]] = [[]]
        """The flags that were switched on in each open group, to be closed with it."""
        self.text = "".join(self._part(found) for found in _SYNTAX.finditer(text))
        if len(self._open) == 1:
            self.text += ")" * len(self._open[0])

    def _part(self, found: re.Match[str]) -> str:
        if found["flags"]:
            return self._flags(found["letters"])
        if found["scoped"]:
            return self._group(f"(?{_known(found['own'])}:")
        if found["name"]:
            return self._group(f"(?P<{found['word']}>")
        return _REWRITES.get(found.lastgroup or "", self._other)(found.group())

    def _flags(self, letters: str) -> str:
        """Open a group in which the flags hold, to be closed where the group around it ends."""
        if not letters:
            raise re.error("missing flags after (?")
        opened = f"(?{_known(letters)}:"
        self._open[-1].append(opened)
        return opened

    def _group(self, opened: str) -> str:
        self._open.append([])
        return opened

    def _other(self, text: str) -> str:
        if text == "(":
            return self._group("(")
        if text == ")" and len(self._open) > 1:
            return ")" * len(self._open.pop()) + ")"
        if text == "|":
            flags = self._open[-1]
            return ")" * len(flags) + "|" + "".join(flags)
        return r"\Z" if text == "$" else text


def _known(letters: str) -> str:
    if "U" in letters:
        raise re.error("the flag U is not supported")
    if "-" in letters and letters.endswith("-"):
        raise re.error("missing flags after -")
    return letters


def _escape(text: str) -> str:
    if text[1] in _REFUSED:
        raise re.error(f"{text} is not supported")
    return _ESCAPES.get(text, text)


def _set(text: str) -> str:
    for refused in re.findall(r"\\(.)", text):
        if refused in _REFUSED:
            raise re.error(f"\\{refused} is not supported")
    return re.sub(r"\[:(\^?)(\w+):\]", _class, text)


def _class(found: re.Match[str]) -> str:
    if found.group(1) or found.group(2) not in _CLASSES:
        raise re.error(f"{found.group()} is not supported")
    return _CLASSES[found.group(2)]


def _refuse(text: str) -> str:
    raise re.error(f"{text} is not supported")


_REWRITES: Mapping[str, Callable[[str], str]] = {
    "escape": _escape,
    "set": _set,
    "brace": lambda _: r"\{",  # Python reads {,2} as up to two
    "foreign": _refuse,
}
