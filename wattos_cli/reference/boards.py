"""docs/reference/dashboards.md: every board, panel and query, as `wattos_cli/dashboards` describes them."""

from collections.abc import Iterator

from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.boards.names import TITLES
from wattos_cli.dashboards.lint import RULES
from wattos_cli.dashboards.model import Board, Panel
from wattos_cli.dashboards.queries import queries
from wattos_cli.dashboards.scope import MARK

_INTRODUCTION = """# Dashboards

{boards} boards with {panels} panels and {queries} queries. `{{…` stands for what the variables of a board
choose: `job=~"$job", instance=~"$instance", namespace=~"$namespace"`, and for the matchers of `--selector`.
How to use them: [Observability](../OBSERVABILITY.md#dashboards).

| board | uid | what it answers |
|---|---|---|
"""
_HEAD = "| panel | what it shows | unit | query | the cause, or more |\n|---|---|---|---|---|\n"
_RULES = """
## The rules
Those of grafana/dashboard-linter, by their names there; `wattos dashboards check` holds every board to
them.

| rule | what it does |
|---|---|
"""


def markdown() -> str:
    """Return the page without its first line."""
    rows = "".join(f"| [{b.title}](#{_anchor(b.title)}) | `{b.uid}` | {b.meaning} |\n" for b in ALL)
    figures = {
        "boards": len(ALL),
        "panels": sum(len(list(b.panels())) for b in ALL),
        "queries": len(queries()),
    }
    boards = "\n".join(_board(board) for board in ALL)
    rules = "".join(f"| `{name}` | {(check.__doc__ or '').strip()} |\n" for name, check in RULES.items())
    return f"{_INTRODUCTION.format(**figures)}{rows}\n{boards}{_RULES}{rules}"


def _board(board: Board) -> str:
    parts = [f"## {board.title}\n{board.meaning}\n"]
    for row in board.rows:
        panels = "".join(line for panel in row.panels for line in _panel(panel))
        parts.append(f"### {board.title}: {row.title.lower()}\n{_HEAD}{panels}")
    return "\n".join(parts)


def _panel(panel: Panel) -> Iterator[str]:
    for number, query in enumerate(panel.queries):
        legend = f"{query.legend}: " if len(panel.queries) > 1 else ""
        expr = query.expr.replace(f"{MARK}, ", "{…, ").replace(MARK, "{…").replace("|", "\\|")
        if number:
            yield f"| | | | {legend}`{expr}` | |\n"
            continue
        more = [f"`{panel.logs}`".replace("|", "\\|")] if panel.logs else []
        more += [f"[{TITLES[uid].removeprefix('wattos: ')}](#{_anchor(TITLES[uid])})" for uid in panel.see]
        may = f" Empty while {query.empty}." if query.empty else ""
        cells = (panel.title, f"{panel.meaning}{may}", panel.unit, f"{legend}`{expr}`", ", ".join(more))
        yield f"| {' | '.join(cells)} |\n"


def _anchor(title: str) -> str:
    """Return the name by which forges link to a heading."""
    return title.lower().replace(":", "").replace(" ", "-")
