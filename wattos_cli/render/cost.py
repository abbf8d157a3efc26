"""The answer of `wattos cost`: exact figures as JSON, aligned columns with a line of totals for people."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from wattos_cli.render.columns import table, to_the_second
from wattos_cli.render.safe import visible

SCHEMA = "wattos.cost/v1"
_HEADINGS = ("CALLS", "INPUT", "OUTPUT", "USD")
_LEAST_KEY = 12
_DECIMALS = (2, 6)
_MOST_NAMED = 5


def as_json(by: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return `wattos.cost/v1`; `usd_exact` is the figure itself, `usd` the number nearest to it."""
    totals = answer["totals"]
    return {
        "schema": SCHEMA,
        "by": by,
        "since": answer["since"],
        "until": answer["until"],
        "total_usd": float(totals["cost_usd"]),
        "total_usd_exact": totals["cost_usd"],
        "calls": totals["calls"],
        "unpriced_calls": totals["unpriced_calls"],
        "estimated_calls": totals["estimated_calls"],
        "unpriced": [_unpriced(row) for row in answer["unpriced"]],
        "left_off": answer["left_off"],
        "rows": [_row(row) for row in answer["data"]],
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    usd = row["cost_usd"]
    return {
        "key": row["key"],
        "calls": row["calls"],
        "input_tokens": row["prompt_tokens"],
        "output_tokens": row["completion_tokens"],
        "cached_tokens": row["cached_tokens"],
        "cache_write_tokens": row["cache_write_tokens"],
        "reasoning_tokens": row["reasoning_tokens"],
        "usd": None if usd is None else float(usd),
        "usd_exact": usd,
        "unpriced_calls": row["unpriced_calls"],
        "estimated_calls": row["estimated_calls"],
        "failed_calls": row["failed_calls"],
    }


def _unpriced(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("provider", "model", "calls")}


def as_table(by: str, answer: Mapping[str, Any], *, width: int = 0) -> str:
    """Return one line per row and one of totals; with `width`, keys are cut so that every line fits.

    A cost bears `~` when some of its tokens are estimated, `>` when calls without a price are not in it.
    """
    rows = [*answer["data"], {**answer["totals"], "key": "total"}]
    decimals = _decimals([row["cost_usd"] for row in rows])
    figures = [
        [
            f"{row['calls']:,}",
            f"{row['prompt_tokens']:,}",
            f"{row['completion_tokens']:,}",
            _usd(row, decimals),
        ]
        for row in rows
    ]
    keys = _cut([visible(str(row["key"])) for row in rows], figures, width)
    lines = [[key, *cells] for key, cells in zip(keys, figures, strict=True)]
    return table([by.upper(), *_HEADINGS], lines, right=frozenset(_HEADINGS))


def _cut(keys: Sequence[str], figures: Sequence[Sequence[str]], width: int) -> list[str]:
    if not width:
        return list(keys)
    columns = zip(_HEADINGS, *figures, strict=True)
    room = max(_LEAST_KEY, width - sum(2 + max(map(len, column)) for column in columns))
    return [key if len(key) <= room else f"{key[: room - 1]}…" for key in keys]


def _decimals(costs: Sequence[str | None]) -> int:
    """Return how many decimals the dearest detail needs, from 2 to 6."""
    needed = max((len(cost.partition(".")[2]) for cost in costs if cost is not None), default=0)
    return min(max(needed, _DECIMALS[0]), _DECIMALS[1])


def _usd(row: Mapping[str, Any], decimals: int) -> str:
    if row["cost_usd"] is None:
        return "unknown"
    cost = Decimal(row["cost_usd"])
    text = f"{cost:,.{decimals}f}"
    if cost and not Decimal(text.replace(",", "")):
        text = f"{cost:f}"  # too small for the column's decimals, yet not nothing
    return ("~" if row["estimated_calls"] else "") + (">" if row["unpriced_calls"] else "") + text


def notes(answer: Mapping[str, Any]) -> list[str]:
    """Return what must be known beside the figures: nothing yet, no price, estimates, rows left off."""
    totals = answer["totals"]
    period = f"from {to_the_second(answer['since'])} to {to_the_second(answer['until'])}"
    if not totals["calls"]:
        return [f"No model was called {period}."]
    found = [f"{_calls(totals['calls'])} {period}, in US dollars."]
    if answer["left_off"]:
        found.append(
            f"{answer['left_off']} more rows are in the totals but not listed; choose a shorter period."
        )
    if totals["estimated_calls"]:
        found.append(
            f"{_calls(totals['estimated_calls'])} estimated (~): the provider did not count the tokens, or "
            "the caller left before it did."
        )
    if totals["unpriced_calls"]:
        found.append(_no_price(totals["unpriced_calls"], answer["unpriced"]))
    return found


def _no_price(calls: int, unpriced: Sequence[Mapping[str, Any]]) -> str:
    named = [visible(f"{row['provider']}/{row['model']} ({row['calls']:,})") for row in unpriced]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return (
        f"warning: {_calls(calls)} without a price, whose cost is in no figure above: "
        f"{', '.join(named[:_MOST_NAMED])}{more}.\n"
        "Name the price in wattos.toml, in US dollars per million tokens, then: wattos config reload\n"
        f"{_remedy(unpriced[0])}"
    )


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"


def _remedy(row: Mapping[str, Any]) -> str:
    return (
        "  [[llm.prices]]\n"
        f'  provider = "{visible(str(row["provider"]))}"\n'
        f'  model = "{visible(str(row["model"]))}"\n'
        '  input = "PRICE"\n'
        '  output = "PRICE"'
    )
