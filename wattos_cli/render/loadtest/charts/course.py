"""The course of a run: latency, rates and users over time, with the breakers' changes across."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wattos_cli.render.loadtest.charts import scale
from wattos_cli.render.loadtest.charts.chart_table import ChartTable
from wattos_cli.render.loadtest.charts.plot import Chart, Line, Mark
from wattos_cli.render.loadtest.charts.scale import Scale
from wattos_cli.render.loadtest.figures import tick, time

_QUANTILES = ("p50", "p95", "p99")
_MOST_MARKS = 60

Row = Mapping[str, Any]


def course(result: Mapping[str, Any]) -> Iterator[Chart]:
    """Yield the charts of a run that has a course."""
    rows: Sequence[Row] = result["timeline"]
    if not rows:
        return
    x = scale.seconds(end_s(result))
    marks = breaker_marks(result)
    yield _latency(rows, x, marks)
    yield _rates(rows, x, marks)
    yield _users(rows, x)


def end_s(result: Mapping[str, Any]) -> float:
    """Return when all is over that has a time: every time axis of the page ends there."""
    return float(
        max(
            [
                result["duration_s"],
                *(row["at_s"] + row["span_s"] for row in result["timeline"]),
                *(row["at_s"] for row in result["breakers"]),
                *(
                    at_s
                    for metric in result["server"]
                    for one in metric["series"]
                    for at_s, _ in one["points"]
                ),
            ]
        )
    )


def breaker_marks(result: Mapping[str, Any]) -> list[Mark]:
    """Return a line for each change of a breaker; of very many only for those that opened."""
    changes = result["breakers"]
    if len(changes) > _MOST_MARKS:
        changes = [row for row in changes if state_kind(row["to"]) == "bad"][:_MOST_MARKS]
    return [
        Mark(
            row["at_s"],
            state_kind(row["to"]),
            f"{row['service']} {row['name']}: {row['from']} to {row['to']}",
        )
        for row in changes
    ]


def state_kind(state: str) -> str:
    """Return the class of a breaker's state: good, warn, bad or other."""
    kinds = {"closed": "good", "half_open": "warn", "open": "bad", "forced_open": "bad"}
    return kinds.get(state, "other")


def _middle(row: Row) -> float:
    return float(row["at_s"] + row["span_s"] / 2)


def _points(rows: Sequence[Row], key: str) -> list[tuple[float, float | None]]:
    return [(_middle(row), row[key]) for row in rows]


def _table(rows: Sequence[Row], x: Scale, columns: Mapping[str, str]) -> ChartTable:
    at = scale.clock(x.high)
    told = [(at(row["at_s"]), *(_cell(key, row[key]) for key in columns)) for row in rows]
    return ChartTable(("at", *columns.values()), told, [x.place(_middle(row)) for row in rows])


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "-"
    return time(value) if key in _QUANTILES else tick(value)


def _latency(rows: Sequence[Row], x: Scale, marks: Sequence[Mark]) -> Chart:
    values = [row[key] for row in rows for key in _QUANTILES if row[key] is not None]
    lines = [Line(key, f"q-{key}", _points(rows, key)) for key in reversed(_QUANTILES)]
    return Chart(
        "Latency",
        "of successful requests",
        x,
        scale.times(values),
        _table(rows, x, {key: key for key in _QUANTILES} | {"rate": "requests/s", "failed": "failed/s"}),
        lines,
        marks=marks,
        note="" if values else "no sample",
        size="tall",
    )


def _rates(rows: Sequence[Row], x: Scale, marks: Sequence[Mark]) -> Chart:
    keys = {"rate": "requests/s", "failed": "failed/s"}
    if any(row["dropped"] for row in rows):
        keys["dropped"] = "dropped/s"
    kinds = {"rate": "c1", "failed": "bad", "dropped": "warn"}
    lines = [Line(told, kinds[key], _points(rows, key), area=True) for key, told in keys.items()]
    most = max((row["rate"] or 0.0 for row in rows), default=0.0)
    dropped = max((row["dropped"] or 0.0 for row in rows), default=0.0)
    y = scale.linear(max(most, dropped))
    return Chart("Requests", "a second", x, y, _table(rows, x, keys), lines, marks=marks)


def _users(rows: Sequence[Row], x: Scale) -> Chart:
    steps: list[tuple[float, float | None]] = []
    for row in rows:
        steps += [(row["at_s"], row["users"]), (row["at_s"] + row["span_s"], row["users"])]
    y = scale.linear(max((row["users"] for row in rows), default=0), ticks=2, whole=True)
    table = _table(rows, x, {"users": "users"})
    return Chart("Users", "", x, y, table, [Line("users", "calm", steps, area=True)], size="low")
