"""The committed price table."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from typing import Any

from wattos_platform.services.llm_gateway.domain.pricing import Price, PriceTable


def read_prices() -> PriceTable:
    """Return the prices of prices.toml, which lies beside the service's code."""
    text = files("wattos_platform.services.llm_gateway").joinpath("prices.toml").read_text(encoding="utf-8")
    return PriceTable([_price(entry) for entry in tomllib.loads(text)["price"]])


def _price(entry: Mapping[str, Any]) -> Price:
    cached = entry.get("cached_input")
    return Price(
        provider=entry["provider"],
        model=entry["model"],
        input=Decimal(entry["input"]),
        output=Decimal(entry["output"]),
        since=entry["since"],
        cached_input=None if cached is None else Decimal(cached),
    )
