"""The text of a `--where` expression into tokens that know their position."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
      | (?P<op>==|!=|>=|<=|=~|!~|=|>|<)
      | (?P<mark>[(),])
      | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.:@/%+-]))
      | (?P<word>[^\s"'()=!<>~,]+)
    """,
    re.VERBOSE,
)
_TOKEN_LIMIT = 1000
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class WhereError(ValueError):
    """A wrong expression; `position` (0-based) is where in `text`, and `str()` shows it with a mark."""

    def __init__(self, text: str, position: int, problem: str) -> None:
        line = " ".join(text.split("\n"))
        super().__init__(f"{problem} at column {position + 1}\n  {line}\n  {' ' * position}^")
        self.text = text
        self.position = position
        self.problem = problem


class Token(NamedTuple):
    """`kind` is string, op, mark, number, word or end; `value` is without quotes and escapes."""

    kind: str
    value: str
    position: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text`, closed by one of kind `end`; WhereError where nothing fits."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            quoted = text[at] in "\"'"
            raise WhereError(text, at, "this string is not closed" if quoted else f"unexpected {text[at]!r}")
        value = match.group()
        if match.lastgroup == "string":
            value = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), value[1:-1], flags=re.DOTALL)
        if match.lastgroup != "space":
            if len(found) == _TOKEN_LIMIT:
                raise WhereError(text, at, f"an expression has at most {_TOKEN_LIMIT} words")
            found.append(Token(match.lastgroup, value, at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def pattern_text(text: str, token: Token) -> str:
    r"""Return a string token as a regular expression wants it: only its own quote unescaped, `\d` kept."""
    if token.kind != "string":
        return token.value
    quote = text[token.position]
    end = token.position + 1
    while text[end] != quote:
        end += 2 if text[end] == "\\" else 1
    return text[token.position + 1 : end].replace(f"\\{quote}", quote)
