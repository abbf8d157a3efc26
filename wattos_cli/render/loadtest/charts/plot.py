"""A chart: lines, bars and marks between two axes.

The drawing is stretched to the width there is, so nothing in it may have a shape: lines keep their width, a
single point is a line of no length with round ends. Everything written stands beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattos_cli.render.loadtest.charts.chart_table import ChartTable
from wattos_cli.render.loadtest.charts.scale import Scale
from wattos_cli.render.markup import Html, element, together

_WIDTH = 1000.0
_AREA = {"class_": "area", "role": "group", "tabindex": "0"}
_KEYS = "the left and right arrow keys show the figures"
_ALONE = 40
_END = 97
"""From so many per cent on a label ends at its tick: beyond it there is no room."""
_FEW = 5
"""So many labels fit into a narrow chart; of more it leaves out every second one."""
_ROOM = 30
"""From so many per cent on a label has room to the left of its mark."""


@dataclass(frozen=True)
class Line:
    """Values over x, in the colour of its class; None is a gap. `area` is filled, `dots` shows each point."""

    label: str
    kind: str
    points: Sequence[tuple[float, float | None]]
    area: bool = False
    dots: bool = False


@dataclass(frozen=True)
class Bar:
    """A bar from one x to another."""

    start: float
    end: float
    height: float
    told: str


@dataclass(frozen=True)
class Mark:
    """A line across the chart at x; what it is stands at its head, in one of three rows, or in its title."""

    at: float
    kind: str
    told: str
    row: int | None = None


@dataclass(frozen=True)
class Chart:
    """What is drawn, and the words around it; `named`: a single line is not what the title says."""

    title: str
    unit: str
    x: Scale
    y: Scale
    table: ChartTable
    lines: Sequence[Line] = ()
    bars: Sequence[Bar] = ()
    marks: Sequence[Mark] = ()
    note: str = ""
    size: str = ""
    named: bool = False


def chart(drawn: Chart) -> Html:
    """Return the figure."""
    scale_note = "logarithmic" if drawn.y.log else ""
    notes = " · ".join(filter(None, (drawn.unit, scale_note, drawn.note)))
    caption = element("h3", drawn.title, element("small", notes) if notes else Html())
    return element(
        "figure",
        element("figcaption", caption, _legend(drawn)),
        element(
            "div",
            element("div", *labels(drawn.y, "bottom"), class_="ys", aria_hidden="true"),
            element("div", _drawing(drawn), *_marks(drawn), **_AREA, aria_label=f"{drawn.title}: {_KEYS}"),
            element("div", *labels(drawn.x, "left"), class_="xs", aria_hidden="true"),
            class_=f"plot {drawn.size}".rstrip(),
        ),
        drawn.table.html(drawn.title),
        class_="chart",
    )


def _legend(drawn: Chart) -> Html:
    """Return the names of the lines; one line needs none where the title names it."""
    if len(drawn.lines) < (1 if drawn.named else 2):
        return Html()
    keys = (element("li", element("i", class_=f"key {line.kind}"), line.label) for line in drawn.lines)
    return element("ul", *keys, class_="legend")


def labels(scale: Scale, side: str) -> Iterator[Html]:
    """Yield the labels of an axis, `side` (left, bottom) by side."""
    for place, (value, label) in enumerate(scale.ticks):
        at = scale.place(value)
        kinds = ["odd"] * (place % 2 and len(scale.ticks) > _FEW) + ["end"] * (at > _END)
        yield element("span", label, class_=" ".join(kinds) or None, style=f"{side}:{at:.2f}%")


def _drawing(drawn: Chart) -> Html:
    grid = (
        element("path", d=f"M0 {_y(drawn, value)}H{_WIDTH:.0f}", class_="grid") for value, _ in drawn.y.ticks
    )
    return element(
        "svg",
        *grid,
        *(_bar(drawn, bar) for bar in drawn.bars),
        *(shape for line in drawn.lines for shape in _line(drawn, line)),
        viewBox=f"0 0 {_WIDTH:.0f} 100",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{drawn.title}; the table below holds the same figures",
    )


def _bar(drawn: Chart, bar: Bar) -> Html:
    left, right, top = _x(drawn, bar.start), _x(drawn, bar.end), _y(drawn, bar.height)
    return element("path", element("title", bar.told), d=f"M{left} 100V{top}H{right}V100Z", class_="bar")


def _line(drawn: Chart, line: Line) -> Iterator[Html]:
    for run in _runs(line.points):
        places = [f"{_x(drawn, x)} {_y(drawn, value)}" for x, value in run]
        if line.area and len(run) > 1:
            ends = f"V100H{_x(drawn, run[0][0])}Z"
            yield element("path", d=f"M{'L'.join(places)}{ends}", class_=f"fill {line.kind}")
        if len(run) > 1:
            yield element("path", d=f"M{'L'.join(places)}", class_=f"line {line.kind}")
        if len(run) == 1 or (line.dots and len(line.points) <= _ALONE):
            yield element("path", d="".join(f"M{place}h0" for place in places), class_=f"dot {line.kind}")


def _runs(points: Sequence[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    """Yield the stretches without a gap."""
    run: list[tuple[float, float]] = []
    for x, value in points:
        if value is not None:
            run.append((x, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _marks(drawn: Chart) -> Iterator[Html]:
    for mark in drawn.marks:
        label = Html() if mark.row is None else element("b", mark.told, class_=f"row{mark.row}")
        place = drawn.x.place(mark.at)
        side = " flip" if place > _ROOM else ""
        yield element(
            "span",
            label,
            class_=f"mark {mark.kind}{side}",
            style=f"left:{place:.2f}%",
            title=mark.told if mark.row is None else None,
        )


def _x(drawn: Chart, value: float) -> str:
    return f"{drawn.x.place(value) * _WIDTH / 100:.1f}"


def _y(drawn: Chart, value: float) -> str:
    return f"{100 - drawn.y.place(value):.2f}"


def side_by_side(charts: Sequence[Chart]) -> Html:
    """Return charts in as many columns as there is room for."""
    return element("div", together(chart(each) for each in charts), class_="charts")
