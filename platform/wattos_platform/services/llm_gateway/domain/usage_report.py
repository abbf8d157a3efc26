"""What was used, as a document: sums per group, costs exact, what has no price apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain.pricing import usd_text
from wattos_platform.services.llm_gateway.domain.usage_query import SUMMED, UsageQuery

_COST = "cost_pico_usd"


def report(
    asked: UsageQuery,
    rows: Sequence[Mapping[str, Any]],
    totals: Mapping[str, int],
    *,
    unpriced: Sequence[Mapping[str, Any]] = (),
    left_off: int = 0,
) -> dict[str, Any]:
    """Return `wattos.usage/v1`; costs are decimal text in US dollars, exact; `tenant` is None for all.

    `unpriced_calls` are calls whose price is not known: their cost is in no sum, and a row that has nothing
    but them has the cost None. `totals` are of all rows, the `left_off` that are not listed among them.
    """
    return {
        "schema": "wattos.usage/v1",
        "object": "list",
        "tenant": asked.tenant,
        "by": asked.by or None,
        "since": asked.since.isoformat(),
        "until": asked.until.isoformat(),
        "totals": {**_counts(totals), "cost_usd": usd_text(int(totals[_COST]))},
        "unpriced": [dict(row) for row in unpriced],
        "left_off": left_off,
        "data": [_row(asked.columns, row) for row in rows],
    }


def _row(columns: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: row[name] for name in columns}
    unknown = row["unpriced_calls"] and not row[_COST]
    key = "/".join(str(value) for value in named.values())
    return {"key": key, **named, **_counts(row), "cost_usd": None if unknown else usd_text(int(row[_COST]))}


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(row[name]) for name in SUMMED if name != _COST}
