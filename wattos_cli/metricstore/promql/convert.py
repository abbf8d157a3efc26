"""The tree of promql-parser becomes nodes; a cursor moves along the text and finds where each part stands."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from wattos_cli.metricstore.promql import diagnose
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.literals import unquoted
from wattos_cli.metricstore.promql.nodes import (
    Aggregation,
    At,
    Binary,
    Call,
    Cardinality,
    Kind,
    Matching,
    Negation,
    Node,
    Number,
    RangeSelector,
    Selector,
    Subquery,
    Text,
)
from wattos_cli.metricstore.promql.tokens import Cursor
from wattos_cli.metricstore.series import NAME, Matcher, MatchOp

_FAR_S = 1e15

_CARDINALITIES: dict[str, Cardinality] = {
    "OneToOne": "one-to-one",
    "ManyToOne": "many-to-one",
    "OneToMany": "one-to-many",
    "ManyToMany": "many-to-many",
}
_MATCH_OPS: dict[str, MatchOp] = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_KINDS: dict[str, Kind] = {"Vector": "vector", "Scalar": "scalar", "Matrix": "matrix", "String": "string"}


class Converter:
    """Walks the parser's tree in the order of the text and moves the cursor along."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._converters: dict[str, Callable[[Any], Node]] = {
            "ParenExpr": self._paren,
            "NumberLiteral": self._number,
            "StringLiteral": self._text,
            "UnaryExpr": self._unary,
            "VectorSelector": self._selector,
            "MatrixSelector": self._range_selector,
            "SubqueryExpr": self._subquery,
            "Call": self._call,
            "AggregateExpr": self._aggregation,
            "BinaryExpr": self._binary,
        }

    def convert(self, tree: Any) -> Node:
        """Return the node for `tree`, which begins at the cursor, or after signs that change nothing."""
        name = type(tree).__name__
        while name not in ("BinaryExpr", "SubqueryExpr", "UnaryExpr", "NumberLiteral") and self._cursor.take(
            "+"
        ):
            pass
        return self._converters[name](tree)

    def _paren(self, tree: Any) -> Node:
        self._cursor.take("(")
        node = self.convert(tree.expr)
        self._cursor.take(")")
        return node

    def _number(self, tree: Any) -> Node:
        position = self._cursor.token.position
        while self._cursor.take("+", "-"):
            pass
        self._cursor.step()
        return Number(position, tree.val)

    def _text(self, _: Any) -> Node:
        token = self._cursor.step()
        return Text(token.position, unquoted(token.text))

    def _unary(self, tree: Any) -> Node:
        position = self._cursor.token.position
        while self._cursor.take("+"):
            pass
        self._cursor.take("-")
        return Negation(position, self.convert(tree.expr))

    def _selector(self, tree: Any) -> Selector:
        position = self._cursor.token.position
        if tree.matchers.or_matchers:
            raise PromqlError("`or` between matchers is no PromQL of Prometheus: use a pattern", position)
        matchers = [Matcher(m.name, _MATCH_OPS[_last(m.op)], m.value) for m in tree.matchers.matchers]
        if tree.name is not None:
            matchers.insert(0, Matcher(NAME, "=", tree.name))
            self._cursor.step()
        if self._cursor.token.text == "{":
            self._cursor.skip_brackets()
        at = self._modifiers()
        for matcher in matchers:
            diagnose.check_pattern(matcher, position)
        return Selector(position, tuple(matchers), _milliseconds(tree.offset) or 0, at)

    def _range_selector(self, tree: Any) -> Node:
        selector = self._selector(tree.vector_selector)
        self._cursor.skip_brackets()
        at = self._modifiers()
        whole = Selector(selector.position, selector.matchers, selector.offset_ms, at)
        return RangeSelector(selector.position, whole, _milliseconds(tree.range) or 0)

    def _subquery(self, tree: Any) -> Node:
        position = self._cursor.token.position
        expression = self.convert(tree.expr)
        self._cursor.skip_brackets()
        at = self._modifiers()
        return Subquery(
            position,
            expression,
            _milliseconds(tree.range) or 0,
            _milliseconds(tree.step),
            _milliseconds(tree.offset) or 0,
            at,
        )

    def _call(self, tree: Any) -> Node:
        position = self._cursor.step().position
        self._cursor.take("(")
        args = []
        for arg in tree.args:
            args.append(self.convert(arg))
            self._cursor.take(",")
        self._cursor.take(")")
        return Call(position, tree.func.name, tuple(args), _KINDS[_last(tree.func.return_type)])

    def _aggregation(self, tree: Any) -> Node:
        position = self._cursor.step().position
        self._grouping()
        self._cursor.take("(")
        param = None
        if tree.param is not None:
            param = self.convert(tree.param)
            self._cursor.take(",")
        expression = self.convert(tree.expr)
        self._cursor.take(")")
        self._grouping()
        modifier = tree.modifier
        labels = tuple(sorted(modifier.labels)) if modifier else ()
        without = bool(modifier) and _last(modifier.type) == "Without"
        return Aggregation(position, str(tree.op), expression, param, labels, without)

    def _binary(self, tree: Any) -> Node:
        position = self._cursor.token.position
        left = self.convert(tree.lhs)
        self._cursor.step()
        self._cursor.take("bool")
        if self._cursor.opens and self._cursor.take("on", "ignoring"):
            self._cursor.skip_brackets()
            if self._cursor.take("group_left", "group_right") and self._cursor.token.text == "(":
                self._cursor.skip_brackets()
        while self._cursor.opens and self._cursor.take("fill", "fill_left", "fill_right"):
            self._cursor.skip_brackets()
        right = self.convert(tree.rhs)
        return Binary(position, str(tree.op), left, right, *_matching(tree.modifier, str(tree.op)))

    def _grouping(self) -> None:
        if self._cursor.take("by", "without"):
            self._cursor.skip_brackets()

    def _modifiers(self) -> At | None:
        """Step over `offset` and `@`, and return what the latter says.

        Its time is read here: the parser's own value cannot express times before 1970.
        """
        at = None
        while True:
            if self._cursor.take("offset"):
                while self._cursor.take("+", "-"):
                    pass
                self._cursor.step()
            elif self._cursor.take("@"):
                at = self._at()
            else:
                return at

    def _at(self) -> At:
        for anchor in ("start", "end"):
            if self._cursor.take(anchor):
                self._cursor.skip_brackets()
                return At("start" if anchor == "start" else "end")
        negative = self._cursor.take("-")
        self._cursor.take("+")
        token = self._cursor.step()
        seconds = _seconds(token.text)
        if seconds is None:
            raise PromqlError(f"expected a time in seconds after @, got {token.text!r}", token.position)
        return At("time", round(-seconds * 1000 if negative else seconds * 1000))


def _seconds(text: str) -> float | None:
    """Return the seconds that a number or a duration says; None if `text` is neither, or has no end."""
    import promql_parser

    try:
        literal = promql_parser.parse(text)
    except ValueError:
        return None
    return (
        literal.val
        if isinstance(literal, promql_parser.NumberLiteral) and abs(literal.val) < _FAR_S
        else None
    )


def _matching(modifier: Any, op: str) -> tuple[bool, Matching]:
    """Return whether `bool` is asked for, and how the vectors match."""
    if modifier is None:
        many = op in ("and", "or", "unless")
        return False, Matching("many-to-many" if many else "one-to-one", False, (), (), None, None)
    labels = modifier.matching.labels if modifier.matching else []
    on = modifier.matching is not None and _last(modifier.matching.type) == "Include"
    fill = modifier.fill_values
    return modifier.return_bool, Matching(
        _CARDINALITIES[_last(modifier.card)],
        on,
        tuple(labels),
        tuple(modifier.group_labels or ()),
        fill.lhs if fill else None,
        fill.rhs if fill else None,
    )


def _last(value: Any) -> str:
    """Return the name of a member of one of the parser's enumerations."""
    return str(value).rsplit(".", 1)[-1]


def _milliseconds(duration: timedelta | None) -> int | None:
    return None if duration is None else duration // timedelta(milliseconds=1)
