"""A recursive-descent parser for `--where`: `or` binds least, then `and`, then `not`."""

import re

from wattos_cli.durations import UNITS_S, duration_s
from wattos_cli.logstore.units import SIZES_BYTES, field_scale
from wattos_cli.logstore.where.tokens import Token, WhereError, pattern_text, tokens
from wattos_cli.logstore.where.tree import Both, Compare, Either, Exists, Expression, Match, Not, OneOf
from wattos_cli.logstore.where.values import Literal

_QUANTITY = re.compile(r"\d+(?:\.\d+)?([A-Za-zµ]+)(?:\d+(?:\.\d+)?[a-zµ]+)*")
_KEYWORDS = frozenset({"and", "or", "not", "in", "exists"})
_DEPTH_LIMIT = 100


def parse(text: str) -> Expression:
    """Return the expression that `text` says; WhereError (a ValueError) marks what is wrong with it."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._either()
        if self._next.kind != "end":
            raise self._wrong(self._next, f"expected `and`, `or` or the end, found {self._next.value!r}")
        return expression

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _accept(self, kind: str, value: str) -> bool:
        found = self._next.kind == kind and self._next.value == value
        self._at += found
        return found

    def _wrong(self, token: Token, problem: str) -> WhereError:
        return WhereError(self._text, token.position, problem)

    def _either(self) -> Expression:
        left = self._both()
        while self._accept("word", "or"):
            left = Either(left, self._both())
        return left

    def _both(self) -> Expression:
        left = self._unary()
        while self._accept("word", "and"):
            left = Both(left, self._unary())
        return left

    def _unary(self) -> Expression:
        self._depth += 1
        if self._depth > _DEPTH_LIMIT:
            raise self._wrong(self._next, f"more than {_DEPTH_LIMIT} levels of `not` and parentheses")
        try:
            if self._accept("word", "not"):
                return Not(self._unary())
            if self._accept("mark", "("):
                inner = self._either()
                if not self._accept("mark", ")"):
                    raise self._wrong(self._next, "expected `)`")
                return inner
            return self._condition()
        finally:
            self._depth -= 1

    def _condition(self) -> Expression:
        field = self._take()
        if field.kind not in ("word", "string") or (field.kind == "word" and field.value in _KEYWORDS):
            raise self._wrong(field, "expected the name of a field")
        if self._accept("word", "exists"):
            return Exists(field.value)
        if self._accept("word", "in"):
            return OneOf(field.value, self._list(field.value))
        if self._next.kind == "word" and self._next.value == "not":
            raise self._wrong(self._next, "write `not FIELD in (...)`, with `not` first,")
        op = self._take()
        if op.kind != "op":
            raise self._wrong(op, f"expected one of = != > >= < <= =~ !~ in exists after {field.value!r}")
        if op.value in ("=~", "!~"):
            return Match(field.value, self._pattern(), op.value == "=~")
        return Compare(field.value, "=" if op.value == "==" else op.value, self._literal(field.value))

    def _pattern(self) -> re.Pattern[str]:
        token = self._value("a regular expression")
        try:
            return re.compile(pattern_text(self._text, token))
        except re.error as error:
            raise self._wrong(token, f"wrong regular expression ({error.msg})") from None

    def _list(self, name: str) -> tuple[Literal, ...]:
        if not self._accept("mark", "("):
            raise self._wrong(self._next, "expected `(` after `in`")
        values = [self._literal(name)]
        while self._accept("mark", ","):
            values.append(self._literal(name))
        if not self._accept("mark", ")"):
            raise self._wrong(self._next, "expected `,` or `)`")
        return tuple(values)

    def _value(self, what: str) -> Token:
        token = self._take()
        reserved = token.kind == "word" and token.value in _KEYWORDS
        if token.kind not in ("string", "number", "word") or reserved:
            raise self._wrong(token, f"expected {what}")
        return token

    def _literal(self, name: str) -> Literal:
        token = self._value("a value")
        if token.kind == "number":
            return Literal(token.value, float(token.value))
        if token.kind == "word":
            quantity = _QUANTITY.fullmatch(token.value)
            if quantity and (quantity[1] in UNITS_S or quantity[1].lower() in SIZES_BYTES):
                return Literal(token.value, self._quantity(name, token, quantity[1]))
        return Literal(token.value)

    def _quantity(self, name: str, token: Token, unit: str) -> float:
        size = unit not in UNITS_S
        scale = field_scale(name, size=size)
        if scale is None:
            kind = "size" if size else "duration"
            raise self._wrong(
                token, f"the name {name!r} states no unit of {kind}: write a plain number, or quote the text,"
            )
        try:
            amount = (
                float(token.value[: -len(unit)]) * SIZES_BYTES[unit.lower()]
                if size
                else duration_s(token.value)
            )
        except ValueError as error:
            raise self._wrong(token, str(error)) from None
        # Twelve digits are more than any clock gives; they keep 0.5 s equal to 500 ms after the division.
        return float(f"{amount / scale:.12g}")
