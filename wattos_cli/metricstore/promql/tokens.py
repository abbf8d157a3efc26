"""The words of an expression and where they stand, which promql-parser does not tell."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
      | (?P<number>0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:[a-z]+(?:\d+[a-z]+)*)?)
      | (?P<word>[a-zA-Z_:][a-zA-Z0-9_:.]*)
      | (?P<sign>==|!=|=~|!~|<=|>=|[-+*/%^=<>(){}\[\],@:])
      | (?P<unknown>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `kind` is string, number, word, sign, unknown or end; `position` counts characters from 0."""

    kind: str
    text: str
    position: int


def tokenize(expression: str) -> list[Token]:
    """Return the words of `expression`, blanks and comments left out, the end last. Never raises."""
    tokens = [
        Token(found.lastgroup or "unknown", found.group(), found.start())
        for found in _TOKEN.finditer(expression)
        if found.lastgroup != "space"
    ]
    return [*tokens, Token("end", "", len(expression))]


@dataclass
class Cursor:
    """A place between the words of an expression, which only moves forward."""

    tokens: list[Token]
    index: int = field(default=0)

    @property
    def token(self) -> Token:
        """The next word."""
        return self.tokens[min(self.index, len(self.tokens) - 1)]

    @property
    def opens(self) -> bool:
        """Whether a round bracket follows the next word."""
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)].text == "("

    def take(self, *texts: str) -> bool:
        """Step over the next word if it is one of `texts`, whatever its case; return whether it was."""
        found = self.token.kind in ("word", "sign") and self.token.text.lower() in texts
        self.index += found
        return found

    def step(self) -> Token:
        """Step over the next word and return it."""
        token = self.token
        self.index += 1
        return token

    def skip_brackets(self) -> None:
        """Step over the bracket that opens here, through its close."""
        depth = 0
        while self.token.kind != "end":
            token = self.step()
            if token.kind == "sign":
                depth += (token.text in "([{") - (token.text in ")]}")
            if depth <= 0:
                return
