"""The figures of `wattos metrics` as tables that fit the terminal, as JSON, and as CSV of the services."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render import text
from wattos_cli.render.columns import duration
from wattos_cli.render.safe import visible
from wattos_cli.render.sparkline import sparkline

SCHEMA = "wattos.metrics-overview/v1"
_FIGURES = ("REQ/S", "ERRORS", "P50", "P95", "P99", "BUSY")
_MODEL_HEAD = ("MODEL", "CALLS", "FAILED", "IN", "OUT", "USD", "TTFT P95", "TOK/S")
_COLUMNS = ("requests_per_s", "error_ratio", "p50_s", "p95_s", "p99_s", "in_flight")
_NARROW, _WIDEST_TREND, _LEAST_TREND = 80, 60, 6
_LONGEST_NAME = 16
_THOUSAND, _MILLION, _TEN, _HUNDRED = 1e3, 1e6, 10, 100

Row = Mapping[str, Any]
# What was found, by its members in the JSON; figures that nothing tells are None.
Found = Mapping[str, Any]


def as_json(found: Found) -> dict[str, Any]:
    """Return `wattos.metrics-overview/v1`."""
    return {"schema": SCHEMA, **found}


def as_csv(found: Found) -> str:
    """Return a line for each service; a figure that nothing tells is empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("name", "state", *_COLUMNS))
    for row in found["services"]:
        writer.writerow(
            (row["name"], row["state"], *("" if row[name] is None else row[name] for name in _COLUMNS))
        )
    return stream.getvalue()


def as_text(found: Found, *, width: int, color: bool) -> str:
    """Return the tables, and a line for each thing that is not as it should be."""
    blocks = [_services(found["services"], width=width or _NARROW, color=color)]
    if found["models"]:
        blocks.append(_models(found["models"], width=width, color=color))
    lines = [
        *(
            visible(f"cache {row['cache']} of {row['service']}: {_percent(row['hit_ratio'])} hits")
            for row in found["caches"]
        ),
        *(
            _warned(f"breaker {row['name']} of {row['replica']} is ", row["state"], color)
            for row in found["breakers"]
        ),
        *(_warned(f"{row['replica']} finds {row['check']} ", "down", color) for row in found["dependencies"]),
        *(
            _warned(
                f"{row['service']} gave {row['answers']:.0f} answers without {row['dependency']}: ",
                "degraded",
                color,
            )
            for row in found["degraded"]
        ),
    ]
    return "\n\n".join([*blocks, *(["\n".join(lines)] if lines else [])])


def period(found: Found) -> str:
    """Return which time the figures are of."""
    return f"the last {duration(found['window_s'])}, {found['scrapes']} scrapes"


def _services(rows: Sequence[Row], *, width: int, color: bool) -> str:
    cells = [
        (
            visible(row["name"])[:_LONGEST_NAME],
            row["state"],
            _rate(row["requests_per_s"]),
            _percent(row["error_ratio"]),
            *(_seconds(row[name]) for name in ("p50_s", "p95_s", "p99_s")),
            _count(row["in_flight"]),
        )
        for row in rows
    ]
    head = ("SERVICE", "STATE", *_FIGURES)
    columns = zip(head, *cells, strict=True)
    room = width - sum(max(map(len, column)) + 2 for column in columns)
    bars = min(max(room, _LEAST_TREND), _WIDEST_TREND)
    lines = [(*cell, sparkline(row["course"], bars)) for cell, row in zip(cells, rows, strict=True)]
    return text.table((*head, "TREND"), lines, width=width, color=color, right=frozenset(_FIGURES))


def _models(rows: Sequence[Row], *, width: int, color: bool) -> str:
    cells = [
        (
            f"{row['provider']}/{row['model']}",
            _count(row["calls"]),
            _count(row["failed_calls"]),
            _count(row["input_tokens"]),
            _count(row["output_tokens"]),
            _usd(row["usd"]),
            _seconds(row["ttft_p95_s"]),
            _rate(row["tokens_per_s"]),
        )
        for row in rows
    ]
    right = frozenset(_MODEL_HEAD[1:])
    return text.table(_MODEL_HEAD, cells, width=width, color=color, cut=0, right=right)


def _warned(before: str, state: str, color: bool) -> str:  # noqa: FBT001 - the end of a line
    return visible(before) + text.status(state, enabled=color)


def _rate(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= _HUNDRED:
        return _count(value)
    return f"{value:.1f}" if value >= _TEN else f"{value:.2f}"


def _percent(ratio: float | None) -> str:
    """Return a share in per cent; one that is not 0 is never shown as 0."""
    if ratio is None:
        return "-"
    percent = ratio * 100
    if 0 < percent < 0.1:  # noqa: PLR2004 - what one decimal shows
        return "<0.1%"
    return f"{percent:.0f}%" if percent in {0, 100} else f"{percent:.1f}%"


def _seconds(value: float | None) -> str:
    """Return a latency with three digits: `4.2ms`, `850ms`, `2.41s`."""
    if value is None:
        return "-"
    if value >= 1:
        return f"{value:.2f}s" if value < _HUNDRED else f"{value:.0f}s"
    milliseconds = value * 1000
    return f"{milliseconds:.1f}ms" if milliseconds < _HUNDRED else f"{milliseconds:.0f}ms"


def _count(value: float | None) -> str:
    """Return a number as a person says it: `950`, `12.3k`, `4.56M`."""
    if value is None:
        return "-"
    if value >= _MILLION:
        return f"{value / _MILLION:.2f}M"
    return f"{value / _THOUSAND:.1f}k" if value >= _TEN * _THOUSAND else f"{value:.0f}"


def _usd(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if value >= 1 or not value else f"{value:.4f}"
