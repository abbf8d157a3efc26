"""The committed price table."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from importlib.resources import files
from typing import Any

from wattos_platform.services.llm_gateway.domain.pricing import LongPrompt, Price, PriceTable, Rates


def read_prices() -> PriceTable:
    """Return the prices of prices.toml, which lies beside the service's code."""
    text = files("wattos_platform.services.llm_gateway").joinpath("prices.toml").read_text(encoding="utf-8")
    return PriceTable([_price(entry) for entry in tomllib.loads(text)["price"]])


def _price(entry: Mapping[str, Any]) -> Price:
    long_prompt = entry.get("long_prompt")
    return Price(
        provider=entry["provider"],
        model=entry["model"],
        rates=_rates(entry),
        since=entry["since"],
        long_prompt=None if long_prompt is None else LongPrompt(long_prompt["above"], _rates(long_prompt)),
    )


def _rates(entry: Mapping[str, Any]) -> Rates:
    given = {field.name: Decimal(entry[field.name]) for field in fields(Rates) if field.name in entry}
    return Rates(**given)
