"""How often which time was measured, on a logarithmic axis."""

from collections.abc import Mapping
from typing import Any

from wattos_cli.render.loadtest.charts import scale
from wattos_cli.render.loadtest.charts.chart_table import ChartTable
from wattos_cli.render.loadtest.charts.plot import Bar, Chart, Mark
from wattos_cli.render.loadtest.figures import share, time, time_tick

_TITLES = {"latency": "Latency", "ttft": "Time to first token", "itl": "Time between tokens"}
_QUANTILES = ("p99", "p95", "p50")  # the largest has the highest head: no line crosses a label


def distributions(result: Mapping[str, Any]) -> list[Chart]:
    """Return a chart of each time that was measured."""
    return [_chart(_TITLES[name], drawn) for name, drawn in result["bins"].items() if drawn["bars"]]


def _chart(title: str, drawn: Mapping[str, Any]) -> Chart:
    bars, count = drawn["bars"], drawn["count"]
    x = scale.logarithmic(bars[0]["from"], bars[-1]["to"], time_tick)
    rows = [
        (f"{time(bar['from'])} to {time(bar['to'])}", f"{bar['count']:,}", share(bar["count"] / count))
        for bar in bars
    ]
    places = [(x.place(bar["from"]) + x.place(bar["to"])) / 2 for bar in bars]
    zeros = f"{drawn['zeros']:,} values of 0 are not drawn" if drawn["zeros"] else ""
    return Chart(
        title,
        f"{count:,} values",
        x,
        scale.linear(max(bar["count"] for bar in bars), lambda value: f"{value:,.0f}", whole=True),
        ChartTable(("range", "values", "share"), rows, places),
        bars=[Bar(bar["from"], bar["to"], bar["count"], row[0]) for bar, row in zip(bars, rows, strict=True)],
        marks=[
            Mark(drawn[key], "quantile", f"{key} {time(drawn[key])}", row)
            for row, key in enumerate(_QUANTILES)
        ],
        note=zeros,
        size="headed",
    )
