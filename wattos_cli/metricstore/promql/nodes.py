"""An expression as the engine walks it: typed, in milliseconds, each node with its place in the text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wattos_cli.metricstore.series import Matcher

Kind = Literal["scalar", "string", "vector", "matrix"]
Cardinality = Literal["one-to-one", "many-to-one", "one-to-many", "many-to-many"]

ARITHMETIC = frozenset(["+", "-", "*", "/", "%", "^", "atan2"])
COMPARISONS = frozenset(["==", "!=", ">", "<", ">=", "<="])
SET_OPERATORS = frozenset(["and", "or", "unless"])


@dataclass(frozen=True)
class At:
    """The `@` modifier: a fixed time, or the start or the end of the query."""

    anchor: Literal["time", "start", "end"]
    time_ms: int = 0


@dataclass(frozen=True)
class Number:
    """A literal number; a duration literal is its seconds."""

    position: int
    value: float


@dataclass(frozen=True)
class Text:
    """A literal string."""

    position: int
    value: str


@dataclass(frozen=True)
class Selector:
    """An instant vector: the newest sample of each series that meets the matchers."""

    position: int
    matchers: tuple[Matcher, ...]
    offset_ms: int
    at: At | None


@dataclass(frozen=True)
class RangeSelector:
    """A range vector: the samples of the last `range_ms`."""

    position: int
    selector: Selector
    range_ms: int


@dataclass(frozen=True)
class Subquery:
    """A range vector made by evaluating an expression at every `step_ms` (None: the default step)."""

    position: int
    expression: "Node"
    range_ms: int
    step_ms: int | None
    offset_ms: int
    at: At | None


@dataclass(frozen=True)
class Call:
    """A call of the function `name`."""

    position: int
    name: str
    args: tuple["Node", ...]
    returns: Kind


@dataclass(frozen=True)
class Aggregation:
    """An aggregation over groups: by the labels of `grouping`, or by all others."""

    position: int
    op: str
    expression: "Node"
    param: "Node | None"
    grouping: tuple[str, ...]
    without: bool


@dataclass(frozen=True)
class Matching:
    """How the series of two vectors find each other: `labels` (on) or all but them (ignoring)."""

    cardinality: Cardinality
    on: bool
    labels: tuple[str, ...]
    include: tuple[str, ...]
    fill_left: float | None
    fill_right: float | None


@dataclass(frozen=True)
class Binary:
    """A binary operation; `matching` counts between two vectors only."""

    position: int
    op: str
    left: "Node"
    right: "Node"
    returns_bool: bool
    matching: Matching


@dataclass(frozen=True)
class Negation:
    """A unary minus."""

    position: int
    expression: "Node"


_KINDS: dict[type, Kind] = {
    Number: "scalar",
    Text: "string",
    Selector: "vector",
    Aggregation: "vector",
    RangeSelector: "matrix",
    Subquery: "matrix",
}

Node = Number | Text | Selector | RangeSelector | Subquery | Call | Aggregation | Binary | Negation


def kind(node: Node) -> Kind:
    """Return the type of the value of `node`."""
    if isinstance(node, Call):
        return node.returns
    if isinstance(node, Negation):
        return kind(node.expression)
    if isinstance(node, Binary):
        return "vector" if "vector" in (kind(node.left), kind(node.right)) else "scalar"
    return _KINDS[type(node)]


def children(node: Node) -> Sequence[Node]:
    """Return the parts of `node`, in the order in which they are evaluated."""
    match node:
        case Call():
            return node.args
        case Aggregation():
            return [*([node.param] if node.param else []), node.expression]
        case Binary():
            return [node.left, node.right]
        case Negation() | Subquery():
            return [node.expression]
        case RangeSelector():
            return [node.selector]
        case _:
            return []


def text_of(args: Sequence[Node]) -> list[str]:
    """Return the values of `args`, which are string literals; others are left out."""
    return [arg.value for arg in args if isinstance(arg, Text)]
