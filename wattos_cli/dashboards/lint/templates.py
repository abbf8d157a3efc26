"""Rules on a board and its variables."""

import re
from collections.abc import Iterator
from typing import Any

from wattos_cli.dashboards.lint.expressions import parsed
from wattos_cli.dashboards.lint.reading import SOURCES, Json, source_of, variables

_FUNCTIONS = frozenset({"label_names", "label_values", "metrics", "query_result"})
_CALL = re.compile(r"([a-z_]+)\((.+)\)")
_ON_TIME_RANGE_CHANGE = 2


def datasource(board: Json) -> Iterator[str]:
    """Demand that the data source is a variable called `datasource`, labelled `Data source`."""
    found = variables(board, "datasource")
    if not found:
        yield "has no variable for the data source"
    for variable in found:
        if variable.get("name") != "datasource":
            yield f"the data source is called {variable.get('name')!r}, not 'datasource'"
        if variable.get("label") != "Data source":
            yield f"the data source is labelled {variable.get('label')!r}, not 'Data source'"


def job(board: Json) -> Iterator[str]:
    """Demand a variable `job` that takes several values and is filled by a query."""
    yield from _matched(board, "job")


def instance(board: Json) -> Iterator[str]:
    """Demand such a variable `instance`."""
    yield from _matched(board, "instance")


def _matched(board: Json, name: str) -> Iterator[str]:
    variable = next((each for each in variables(board) if each.get("name") == name), None)
    if variable is None:
        yield f"has no variable {name!r}"
        return
    if source_of(variable) not in SOURCES:
        yield f"variable {name!r} asks {source_of(variable)!r}, not the variable data source"
    expected: dict[str, Any] = {
        "type": "query",
        "label": name.capitalize(),
        "multi": True,
        "allValue": ".+",
    }
    for field, value in expected.items():
        if variable.get(field) != value:
            yield f"variable {name!r}: {field} is {variable.get(field)!r}, not {value!r}"


def label_promql(board: Json) -> Iterator[str]:
    """Demand that values of variables are asked for by a function of Grafana, on valid PromQL."""
    for variable in variables(board, "query"):
        query = str(variable.get("query"))
        call = _CALL.fullmatch(query)
        if call is None or call[1] not in _FUNCTIONS:
            yield f"variable {variable.get('name')!r}: no function of Grafana in {query!r}"
            continue
        selector = call[2].rpartition(",")[0] if call[1] == "label_values" else call[2]
        if selector and isinstance(problem := parsed(selector), str):
            yield f"variable {variable.get('name')!r}: {problem} in {query!r}"


def reloaded_on_time_change(board: Json) -> Iterator[str]:
    """Demand that values of variables are asked for anew when the time range changes."""
    for variable in variables(board, "query"):
        if variable.get("refresh") != _ON_TIME_RANGE_CHANGE:
            yield f"variable {variable.get('name')!r} is not reloaded when the time range changes"


def uneditable(board: Json) -> Iterator[str]:
    """Demand that nobody can edit the board in Grafana: the next one would overwrite it."""
    if board.get("editable", True):
        yield "can be edited in Grafana"
