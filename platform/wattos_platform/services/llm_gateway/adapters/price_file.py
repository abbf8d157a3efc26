"""The price table: the committed one beside the service's code, and the operator's own prices before it."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from typing import Any

from wattos_platform.contracts.settings import SettingsError
from wattos_platform.services.llm_gateway.domain.pricing import LongPrompt, Price, PriceTable, Rates

_KINDS = tuple(field.name for field in fields(Rates))
_REQUIRED = ("provider", "model", "input", "output")
_KNOWN = frozenset({*_REQUIRED, *_KINDS, "since", "above"})
# A price has at most six decimals, so that every cost is a whole number of pico-dollars.
_DECIMALS = -6
_DEAREST = 1_000_000


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One row as it is written; `where` names it in messages, `above` is 0 for prompts of any length."""

    where: str
    provider: str
    model: str
    since: date
    above: int
    rates: Rates


def read_prices(config: Mapping[str, Any] | None = None) -> PriceTable:
    """Return the committed prices and, asked before them, `llm.prices` of the generated configuration.

    SettingsError names the row that is wrong and why.
    """
    llm = (config or {}).get("llm") or {}
    own = llm.get("prices") or []
    if not isinstance(own, list):
        raise SettingsError("llm.prices must be a list of tables: [[llm.prices]]")
    rows = [checked(f"llm.prices[{number}]", entry) for number, entry in enumerate(own)]
    listed = _prices(_trusted(*row) for row in committed())
    return PriceTable(listed, _prices(rows), _listed_as(llm), _deployed(llm))


def _listed_as(llm: Mapping[str, Any]) -> dict[str, str]:
    """Return whose list prices hold for providers with names of their own: those of their kind.

    Not for OpenAI's API, which many speak at prices of their own.
    """
    kinds = {name: str((given or {}).get("kind") or "openai") for name, given in _providers(llm).items()}
    return {name: kind for name, kind in kinds.items() if kind not in ("openai", name)}


def _deployed(llm: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return the model behind each deployment that configuration names, by provider and deployment."""
    return {
        (name, str(deployment)): str(model)
        for name, given in _providers(llm).items()
        for model, deployment in ((given or {}).get("deployments") or {}).items()
    }


def _providers(llm: Mapping[str, Any]) -> Mapping[str, Any]:
    given = llm.get("provider")
    return given if isinstance(given, Mapping) else {}


def committed() -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    """Yield provider, model and row of prices.toml, as they are written there."""
    text = files("wattos_platform.services.llm_gateway").joinpath("prices.toml").read_text(encoding="utf-8")
    for provider, models in tomllib.loads(text).items():
        for model, rows in models.items():
            for row in rows:
                yield provider, model, row


def _trusted(provider: str, model: str, row: Mapping[str, Any]) -> PriceRow:
    """Return a committed row unchecked: a test holds that file to the rules, and every start reads it."""
    rates = Rates(**{name: Decimal(row[name]) for name in _KINDS if name in row})
    return PriceRow("prices.toml", provider, model, row["since"], row.get("above", 0), rates)


def _prices(rows: Iterable[PriceRow]) -> list[Price]:
    """Return one price per provider, model and day, from its row and the one for long prompts."""
    plain: dict[tuple[str, str, date], PriceRow] = {}
    long: dict[tuple[str, str, date], PriceRow] = {}
    for row in rows:
        kept = long if row.above else plain
        key = (row.provider, row.model, row.since)
        if key in kept:
            raise SettingsError(f"{row.where}: {row.provider}/{row.model} has two prices from {row.since}")
        kept[key] = row
    for key, row in long.items():
        if key not in plain:
            raise SettingsError(f"{row.where}: `above` needs a row of the same model and `since` without it")
    return [
        Price(
            row.provider,
            row.model,
            row.rates,
            row.since,
            LongPrompt(long[key].above, long[key].rates) if key in long else None,
        )
        for key, row in plain.items()
    ]


def checked(where: str, entry: Any) -> PriceRow:
    """Return the row in the table `entry`; SettingsError, naming `where`, for anything that is none."""
    if not isinstance(entry, Mapping):
        raise SettingsError(f"{where} must be a table, got {entry!r}")
    unknown = sorted(set(entry) - _KNOWN)
    if unknown:
        raise SettingsError(f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(_KNOWN))}")
    missing = [name for name in _REQUIRED if entry.get(name) in (None, "")]
    if missing:
        raise SettingsError(f"{where}: {missing[0]} is missing")
    rates = Rates(**{name: _usd(f"{where}.{name}", entry[name]) for name in _KINDS if name in entry})
    above = entry.get("above", 0)
    if isinstance(above, bool) or not isinstance(above, int) or above < 0:
        raise SettingsError(f"{where}.above must be a number of tokens, got {above!r}")
    since = _day(f"{where}.since", entry.get("since", date.min))
    return PriceRow(where, str(entry["provider"]), str(entry["model"]), since, above, rates)


def _usd(where: str, value: Any) -> Decimal:
    try:
        usd = Decimal(str(value))
    except InvalidOperation:
        usd = Decimal("NaN")
    exponent = usd.normalize().as_tuple().exponent
    if isinstance(value, bool) or not isinstance(exponent, int) or not 0 <= usd <= _DEAREST:
        raise SettingsError(f"{where} must be US dollars per million tokens, got {value!r}")
    if exponent < _DECIMALS:
        raise SettingsError(f"{where} has more than six decimals: {value!r}")
    return usd


def _day(where: str, value: Any) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise SettingsError(f"{where} must be a day such as 2026-01-31, got {value!r}")
    return day
