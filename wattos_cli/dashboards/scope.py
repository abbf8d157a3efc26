"""The part of the platform that a board shows: what its variables and the operator's selector choose."""

import re
from collections.abc import Mapping

MARK = "{@"
INTERVAL = "$__rate_interval"
RANGE = "$__range"
VARIABLES = ("job", "instance", "namespace")
ALL_VALUES = {"job": ".+", "instance": ".+", "namespace": ".*"}
"""What `All` means: every job and instance; every namespace and series that have none."""

_CHOSEN = ", ".join(f'{name}=~"${name}"' for name in VARIABLES)
_LABEL = r"[a-zA-Z_]\w*"
_QUOTED = r'"(?:[^"\\\n]|\\.)*"'
_MATCHER = rf"{_LABEL}\s*(?:=~|!~|!=|=)\s*{_QUOTED}"
_SELECTOR = re.compile(rf"\s*{_MATCHER}(?:\s*,\s*{_MATCHER})*\s*")


_QUERY = "up{"


class SelectorError(ValueError):
    """A selector that is no list of label matchers, wrong from its character `position` (0-based) on."""

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.position = position


def check(selector: str) -> None:
    """Raise SelectorError for a selector that no query can bear, with the place that is to blame."""
    from wattos_cli.metricstore.promql.errors import PromqlError
    from wattos_cli.metricstore.promql.parse import parse

    if selector.strip():
        try:
            parse(f"{_QUERY}{selector}}}")
        except PromqlError as error:
            at = max(0, (error.position or 0) - len(_QUERY))
            raise SelectorError(error.message, min(at, len(selector))) from None
    _joined("", selector)


def scoped(expr: str, selector: str = "") -> str:
    """Return `expr` as Grafana gets it: matchers on the variables, and `selector`, in every series.

    Raises SelectorError for a `selector` other than `cluster="x", env=~"a|b"`.
    """
    return expr.replace(MARK, "{" + _joined(_CHOSEN, selector))


def of_variable(name: str, selector: str = "") -> str:
    """Return the query for the values of a variable: those that the ones before it leave."""
    before = {"namespace": (), "job": ("namespace",), "instance": ("namespace", "job")}[name]
    chosen = ", ".join(f'{each}=~"${each}"' for each in before)
    return f"label_values(http_requests_in_flight{{{_joined(chosen, selector)}}}, {name})"


def labels_of(selector: str) -> frozenset[str]:
    """Return the labels that `selector` names."""
    return frozenset(re.findall(rf"({_LABEL})\s*[=!]", re.sub(_QUOTED, "", selector)))


def _joined(chosen: str, selector: str) -> str:
    if selector and not _SELECTOR.fullmatch(selector):
        raise SelectorError(f"not a list of label matchers: {selector}")
    return ", ".join(part for part in (chosen, selector.strip()) if part)


def substituted(
    expr: str, *, interval: str = "1m", span: str = "5m", selected: Mapping[str, str] | None = None
) -> str:
    """Return a scoped `expr` as Grafana asks it, over the time `span`; `All` where nothing is `selected`."""
    values = {**ALL_VALUES, **(selected or {})}
    for name, value in values.items():
        expr = expr.replace(f'"${name}"', f'"{value}"')
    return expr.replace(INTERVAL, interval).replace(RANGE, span)
