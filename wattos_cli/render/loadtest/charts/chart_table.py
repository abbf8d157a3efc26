"""The table that says in figures what a chart draws; what the pointer shows is read from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from wattos_cli.render.markup import Html, element


@dataclass(frozen=True)
class ChartTable:
    """Rows of text under headings; `places` (0 to 100) say where on the x axis each row lies."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    places: Sequence[float]

    def html(self, title: str) -> Html:
        """Return the table, folded."""
        rows = (
            element("tr", *(element("td", cell) for cell in row), data_x=f"{place:.2f}")
            for row, place in zip(self.rows, self.places, strict=True)
        )
        table = element(
            "table",
            element("thead", element("tr", *(element("th", name, scope="col") for name in self.head))),
            element("tbody", *rows),
        )
        summary = element("summary", "Table", element("span", f" of {title}", class_="unseen"))
        return element("details", summary, element("div", table, class_="wide"), class_="twin")
