"""Where an expression stops being PromQL, and what would have to stand there.

The parser says whether an expression is right; of a wrong one it knows no place. This reads the words of one
that was refused until one of them cannot follow those before it.
"""

from collections.abc import Sequence

from wattos_cli.metricstore.promql.aggregations import OPERATORS
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.nodes import ARITHMETIC, COMPARISONS, SET_OPERATORS
from wattos_cli.metricstore.promql.tokens import Cursor, Token

_WORDS = SET_OPERATORS | {"atan2"}
_OPERATORS = ARITHMETIC | COMPARISONS | SET_OPERATORS
_NOT_SUPPORTED = frozenset(["anchored", "smoothed"])
_QUOTES = frozenset("\"'`")
_MATCHES = ("=", "!=", "=~", "!~")


def check(tokens: Sequence[Token]) -> None:
    """Raise PromqlError at the first word that cannot stand where it stands; return if there is none."""
    reader = _Reader(Cursor(list(tokens)))
    reader.expression()
    reader.end()


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def expression(self) -> None:
        """Read operands with operators between them."""
        self._operand()
        while self._text() in _OPERATORS and self._cursor.token.kind in ("sign", "word"):
            self._cursor.step()
            self._matching()
            self._operand()

    def end(self) -> None:
        """PromqlError unless this is the end."""
        if self._cursor.token.kind != "end":
            self._fail("an operator or the end")

    def _need(self, sign: str, expected: str = "", opened: Token | None = None) -> None:
        """Step over `sign`, which closes what was `opened`; PromqlError if something else stands there."""
        if self._cursor.take(sign):
            return
        closing = f" to close the {opened.text!r} of character {opened.position + 1}" if opened else ""
        self._fail((expected or repr(sign)) + closing)

    def _operand(self) -> None:
        while self._cursor.take("+", "-"):
            pass
        token = self._cursor.token
        if token.kind in ("number", "string"):
            self._cursor.step()
        elif self._cursor.take("("):
            self.expression()
            self._need(")", "an operator or ')'", token)
        elif token.text == "{":
            self._matchers()
        elif token.kind == "word" and token.text.lower() not in _WORDS:
            self._named()
        else:
            self._fail("a metric, a number, a function or an aggregation")
        self._suffixes()

    def _named(self) -> None:
        """Read an aggregation, a call or a metric, whichever the name begins."""
        name = self._cursor.step().text.lower()
        if name in OPERATORS and (self._text() in ("by", "without", "(")):
            self._grouping()
            self._arguments()
            self._grouping()
        elif self._text() == "(":
            self._arguments()
        elif self._text() == "{":
            self._matchers()

    def _arguments(self) -> None:
        opened = self._cursor.token
        self._need("(")
        if self._cursor.take(")"):
            return
        self.expression()
        while self._cursor.take(","):
            self.expression()
        self._need(")", "an operator, ',' or ')'", opened)

    def _grouping(self) -> None:
        if self._cursor.take("by", "without"):
            self._labels()

    def _matching(self) -> None:
        self._cursor.take("bool")
        if self._cursor.take("on", "ignoring"):
            self._labels()
            if self._cursor.take("group_left", "group_right") and self._text() == "(":
                self._labels()
        while self._cursor.opens and self._cursor.take("fill", "fill_left", "fill_right"):
            self._need("(")
            self._number("a number")
            self._need(")")

    def _labels(self) -> None:
        opened = self._cursor.token
        self._need("(")
        while self._cursor.token.kind in ("word", "string"):
            self._cursor.step()
            if not self._cursor.take(","):
                break
        self._need(")", "a label, ',' or ')'", opened)

    def _matchers(self) -> None:
        opened = self._cursor.token
        self._need("{")
        while self._cursor.token.kind in ("word", "string"):
            name = self._cursor.step()
            if self._cursor.take(*_MATCHES):
                if self._cursor.token.kind != "string":
                    self._fail("a value in quotes")
                self._cursor.step()
            elif name.kind == "word":
                self._fail("one of = != =~ !~")
            if not self._cursor.take(","):
                break
        self._need("}", "a label, ',' or '}'", opened)

    def _suffixes(self) -> None:
        while True:
            opened = self._cursor.token
            if self._cursor.take("["):
                self._range(opened)
            elif self._cursor.take("offset"):
                self._number("a duration")
            elif self._cursor.take("@"):
                if self._cursor.take("start", "end"):
                    self._need("(")
                    self._need(")")
                else:
                    self._number("a time in seconds, start() or end()")
            else:
                return

    def _range(self, opened: Token) -> None:
        self._number("a duration, like 5m")
        token = self._cursor.token
        if token.text.startswith(":"):
            self._cursor.step()
            if token.text == ":" and self._cursor.token.kind == "number":
                self._cursor.step()
        self._need("]", "']'", opened)

    def _number(self, expected: str) -> None:
        while self._cursor.take("+", "-"):
            pass
        if self._cursor.token.kind != "number":
            self._fail(expected)
        self._cursor.step()

    def _text(self) -> str:
        return self._cursor.token.text.lower()

    def _fail(self, expected: str) -> None:
        token = self._cursor.token
        if token.text in _QUOTES:
            raise PromqlError("the string that begins here is never closed", token.position)
        if token.text.lower() in _NOT_SUPPORTED:
            raise PromqlError(f"the modifier {token.text} is not supported", token.position)
        found = "the end" if token.kind == "end" else repr(token.text)
        raise PromqlError(f"expected {expected}, found {found}", token.position)
