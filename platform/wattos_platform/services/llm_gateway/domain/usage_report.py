"""What a tenant used: the period asked for, sums as a document."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from wattos_platform.services.llm_gateway.domain.pricing import PICO_USD
from wattos_platform.services.llm_gateway.domain.refusals import wrong

_DEFAULT_PERIOD = timedelta(days=30)
_KNOWN = frozenset({"since", "until"})
_SUMMED = (
    "calls",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "unpriced_calls",
    "estimated_calls",
    "failed_calls",
)


def period(query: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """Return [since, until) of a query; Refusal for an unknown parameter or what is no period."""
    for name in query:
        if name not in _KNOWN:
            raise wrong(name, "is not known; use since and until")
    until = _instant(query, "until") or now + timedelta(seconds=1)
    try:
        since = _instant(query, "since") or until - _DEFAULT_PERIOD
    except OverflowError:
        raise wrong("until", "must leave room for the period before it") from None
    if since >= until:
        raise wrong("since", "must be before until")
    return since, until


def _instant(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        # A "+" of an offset that was not escaped arrives as a blank.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise wrong(name, "must be an instant such as 2026-01-31T00:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def report(
    tenant: str, since: datetime, until: datetime, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return `wattos.usage/v1`; costs are decimal text in US dollars, exact.

    `unpriced_calls` are calls whose price the table does not hold: their cost is not part of the sum.
    """
    data = [_row(row) for row in rows]
    totals: dict[str, Any] = {name: sum(row[name] for row in data) for name in _SUMMED}
    totals["cost_usd"] = _usd(sum(int(row["cost_pico_usd"]) for row in rows))
    return {
        "schema": "wattos.usage/v1",
        "object": "list",
        "tenant": tenant,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "totals": totals,
        "data": data,
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: row[name] for name in ("provider", "model", "operation")}
    summed = {name: int(row[name]) for name in _SUMMED}
    return {**named, **summed, "cost_usd": _usd(int(row["cost_pico_usd"]))}


def _usd(pico: int) -> str:
    return format((pico * PICO_USD).quantize(PICO_USD).normalize() + Decimal(0), "f")
