"""What a call costs: price table, tokens, Decimal; unknown is said, never zero."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from wattos_platform.services.llm_gateway.domain.wire import Usage

_MILLION = Decimal(1_000_000)
PICO_USD = Decimal(10) ** -12
# What may follow a family's name in the id of one of its dated or tagged builds.
_BUILD = re.compile(r"(?:-\d{4}-\d{2}-\d{2}|-\d{4}|-\d{8}|-latest|-preview)?\Z")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens of `model` at `provider`, valid from `since`.

    `cached_input` is None where the provider gives no rebate. `model` "*" prices a whole provider.
    """

    provider: str
    model: str
    input: Decimal
    output: Decimal
    since: date
    cached_input: Decimal | None = None

    def cost(self, usage: Usage) -> Decimal:
        """Return the price of `usage` in US dollars, exactly; reasoning tokens are part of the output."""
        cached = min(usage.cached, usage.prompt)
        rebate = self.input if self.cached_input is None else self.cached_input
        fresh = self.input * (usage.prompt - cached)
        return (fresh + rebate * cached + self.output * usage.completion) / _MILLION


class PriceTable:
    """All known prices."""

    def __init__(self, prices: Sequence[Price]) -> None:
        self._prices = prices

    def find(self, provider: str, model: str, day: date) -> Price | None:
        """Return the price on `day`: the longest name, of those the newest in force; None if unknown."""
        fitting = [
            price
            for price in self._prices
            if price.provider == provider and price.since <= day and _fits(price.model, model)
        ]
        return max(fitting, key=lambda price: (len(price.model), price.since), default=None)

    def serves(self, provider: str, model: str) -> bool:
        """Return whether the table knows `model` as one of `provider`'s, whenever."""
        named = [price for price in self._prices if price.provider == provider and price.model != "*"]
        return any(_fits(price.model, model) for price in named)


def _fits(family: str, model: str) -> bool:
    return family == "*" or (model.startswith(family) and bool(_BUILD.match(model, len(family))))
