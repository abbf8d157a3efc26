"""What a board is to us: rows of panels with queries and what they mean. `build` makes it Grafana's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["timeseries", "stat", "states"]
Objective = Literal[
    "error_ratio",
    "latency_s",
    "model_error_ratio",
    "first_token_s",
    "cost_per_hour_usd",
    "refused_ratio",
    "queue_age_s",
    "write_queue_length",
]
"""A figure of the SLO file that something ought to stay below; see `objectives`."""
COLUMNS = 24
"""Width of Grafana's grid; the panels of a row fill it."""


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL in which `{@` stands for the scope that the board's variables choose; see `scope`.

    `empty` says when there is rightly nothing to show; without it an answer without data is an error.
    """

    expr: str
    legend: str
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """From `value` upwards a panel is not green any more but of `color`."""

    value: float
    color: Literal["yellow", "red"] = "red"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel, `width` of 24 columns wide.

    Where its figures turn yellow and red is said by `limits`, or by the SLO file's figure for `objective`.
    `logs` is the command line that shows the cause, `see` are uids of boards that show more. A panel of
    states shows 0 and 1 as the two words of `words`.
    """

    title: str
    meaning: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 8
    stacked: bool = False
    limits: tuple[Limit, ...] = ()
    objective: Objective | Literal[""] = ""
    words: tuple[str, str] = ("down", "up")
    logs: str = ""
    see: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; `uid` is its address in every Grafana and never changes."""

    uid: str
    title: str
    meaning: str
    rows: tuple[Row, ...]

    def panels(self) -> Iterator[Panel]:
        """Yield the panels, as they are read."""
        for row in self.rows:
            yield from row.panels
