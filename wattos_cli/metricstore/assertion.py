"""`EXPR < 0.3` as something that holds or does not."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wattos_cli.metricstore.promql.errors import PromqlError

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SHAPE = "an assertion compares series with a number, as in: EXPR < 0.3"


@dataclass(frozen=True)
class Assertion:
    """Every value of `expression` must be `op` than `bound`, which is an expression for one number."""

    text: str
    expression: str
    op: str
    bound: str

    def holds(self, value: float, bound: float) -> bool:
        """Return whether `value` meets the bound; what is not a number never does."""
        return value == value and _HOLDS[self.op](value, bound)  # noqa: PLR0124 - the test for NaN


def read(text: str) -> Assertion:
    """Return the assertion in `text`; PromqlError when it is none."""
    import promql_parser

    from wattos_cli.metricstore.promql.nodes import Binary, kind
    from wattos_cli.metricstore.promql.parse import parse

    node = parse(text)
    tree: Any = promql_parser.parse(text)
    while type(tree).__name__ == "ParenExpr":
        tree = tree.expr
    if not isinstance(node, Binary) or node.op not in _HOLDS:
        raise PromqlError(_SHAPE, node.position)
    left, right = tree.lhs.prettify(), tree.rhs.prettify()
    if kind(node.right) == "scalar":
        return Assertion(text, left, node.op, right)
    if kind(node.left) == "scalar":
        return Assertion(text, right, _TURNED[node.op], left)
    raise PromqlError(f"{_SHAPE}; two vectors as in: A / B < 1", node.position)
