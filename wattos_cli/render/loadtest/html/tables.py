"""Tables of the report."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render.loadtest import rows
from wattos_cli.render.loadtest.figures import figure
from wattos_cli.render.markup import Html, element, text

_GOOD = frozenset({"ok", "pass", "held", "improvement"})
_BAD = frozenset({"failed", "fail", "regression"})
_COMMAND = "wattos logs "


def table(told: rows.Table) -> Html:
    """Return a table, whose rows become cards where it is too wide; commands are ready to be copied."""
    figures = [name in told.figures for name in told.head]
    names = [_heading(name) for name in told.head]
    cells = [[_cell(name, cell) for name, cell in zip(told.head, row, strict=True)] for row in told.rows]
    return _table(told.title, names, figures, cells)


def thresholds(result: Mapping[str, Any]) -> Html:
    """Return each threshold with a bar: what was measured, and the line that it must keep."""
    cells = [
        [
            element("code", row["expression"]),
            text(figure(row["value"], row["unit"])),
            _gauge(row),
            _verdict("ok" if row["ok"] else "failed"),
        ]
        for row in result["thresholds"]
    ]
    names = ("Threshold", "Measured", "Against its limit", "Result")
    return _table("Thresholds", names, (False, True, False, False), cells)


def _table(title: str, names: Sequence[str], figures: Sequence[bool], rows: Sequence[Sequence[Html]]) -> Html:
    sides = ["figure" if aligned else None for aligned in figures]
    head = (element("th", name, scope="col", class_=side) for name, side in zip(names, sides, strict=True))
    body = (
        element(
            "tr",
            element("th", row[0], scope="row", class_=sides[0]),
            *(
                element("td", cell, class_=side, data_name=name)
                for name, side, cell in zip(names[1:], sides[1:], row[1:], strict=True)
            ),
        )
        for row in rows
    )
    whole = element("table", element("thead", element("tr", *head)), element("tbody", *body))
    return element("div", whole, class_="wide cards", role="region", aria_label=title, tabindex="0")


def facts(told: Mapping[str, str | None]) -> Html:
    """Return names with what is known of them."""
    known = (
        element("div", element("dt", name), element("dd", value)) for name, value in told.items() if value
    )
    return element("dl", *known, class_="facts")


def _gauge(row: Mapping[str, Any]) -> Html:
    value, limit = row["value"], row["limit"]
    if value is None or not limit or value < 0:
        return Html()
    most = max(value, limit) * 1.1
    kind = "good" if row["ok"] else "bad"
    return element(
        "span",
        element("i", class_=kind, style=f"width:{value / most * 100:.1f}%"),
        element("b", style=f"left:{limit / most * 100:.1f}%", title=f"limit {figure(limit, row['unit'])}"),
        class_="gauge",
    )


def _heading(name: str) -> str:
    """Return a heading in sentence case; names of quantiles and units stay small."""
    return name.capitalize().replace(" ms", " (ms)")


def _cell(name: str, cell: str) -> Html:
    if name in {"RESULT", "VERDICT"}:
        return _verdict(cell)
    if cell.startswith(_COMMAND):
        return element("code", cell, class_="command")
    return text(cell)


def _verdict(word: str) -> Html:
    kind = "good" if word in _GOOD else "bad" if word in _BAD else "other"
    return element("span", word, class_=f"word {kind}")
