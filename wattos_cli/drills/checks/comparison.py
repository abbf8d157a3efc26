"""`NAME OP NUMBER`, as in `total <= 12`."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from wattos_cli.config.problems import ExpressionError, suggestion
from wattos_cli.loadtest.judging.thresholds import OPS

_SHAPE = re.compile(r"\s*([A-Za-z_]\w*)\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure's name, and what it must be."""

    name: str
    op: str
    limit: float

    def holds(self, value: float) -> bool:
        """Return whether `value` is as it must be."""
        return OPS[self.op](value, self.limit)


def comparison(text: str, names: Collection[str]) -> Comparison:
    """Return what `text` means; ExpressionError when it is no comparison of one of `names`."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ExpressionError(f"expected NAME OP NUMBER like `{min(names)} <= 12`", text, 0)
    if found[1] not in names:
        told = f"there is no figure {found[1]!r}.{suggestion(found[1], names)}"
        raise ExpressionError(told, text, found.start(1))
    return Comparison(found[1], found[2], float(found[3]))
