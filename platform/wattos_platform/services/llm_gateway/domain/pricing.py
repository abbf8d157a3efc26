"""What a call costs: price table, tokens, Decimal; unknown is said, never zero."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from wattos_platform.services.llm_gateway.domain.wire import Usage

_MILLION = Decimal(1_000_000)
PICO_USD = Decimal(10) ** -12
EVERY_MODEL = "*"
# Whose list prices hold for a provider that has none of its own.
LIST_PRICES_OF: Mapping[str, str] = {"azure": "openai"}
# What may follow a family's name in the id of one of its dated or tagged builds.
_BUILD = re.compile(
    r"(?:[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest|preview(?:-\d{2}-(?:\d{2}|\d{4}))?|exp))?\Z"
)
# Model names come from callers, so what was found is kept for a bounded number of them.
_MOST_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens of each kind.

    A kind that is None has the price of the kind it is part of: `cached_input` and `cache_write` (kept by the
    provider for minutes) are input, `cache_write_1h` is written to the cache, `reasoning` is output.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    reasoning: Decimal | None = None

    def cost(self, usage: Usage) -> Decimal:
        """Return the price of `usage` in US dollars, exactly."""
        total = self.input * usage.prompt + self.output * usage.completion
        if usage.cached or usage.cache_write:
            total += self._cache(usage)
        if usage.reasoning and self.reasoning is not None:
            total += (self.reasoning - self.output) * min(usage.reasoning, usage.completion)
        return total / _MILLION

    def _cache(self, usage: Usage) -> Decimal:
        """Return what reading and writing the provider's cache adds to the plain price of the input."""
        read = min(usage.cached, usage.prompt)
        written = min(usage.cache_write, usage.prompt - read)
        for_an_hour = min(usage.cache_write_1h, written)
        write = self.input if self.cache_write is None else self.cache_write
        write_1h = write if self.cache_write_1h is None else self.cache_write_1h
        rebate = self.input if self.cached_input is None else self.cached_input
        return (
            (rebate - self.input) * read
            + (write - self.input) * (written - for_an_hour)
            + (write_1h - self.input) * for_an_hour
        )


@dataclass(frozen=True, slots=True)
class LongPrompt:
    """Other rates for a whole call whose prompt has more than `above` tokens, cached ones among them."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Price:
    """What `model` costs at `provider` from `since` on; `model` "*" prices a whole provider."""

    provider: str
    model: str
    rates: Rates
    since: date
    long_prompt: LongPrompt | None = None

    def cost(self, usage: Usage) -> Decimal:
        """Return the price of `usage` in US dollars, exactly."""
        if self.long_prompt is not None and usage.prompt > self.long_prompt.above:
            return self.long_prompt.rates.cost(usage)
        return self.rates.cost(usage)


class PriceTable:
    """All known prices. `own` are the operator's, which are asked first. Never changes, safe to share."""

    def __init__(self, prices: Sequence[Price], own: Sequence[Price] = ()) -> None:
        self._prices = tuple(prices)
        self._own = tuple(own)
        self._found: dict[tuple[str, str, date], Price | None] = {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PriceTable):
            return NotImplemented
        return (self._prices, self._own) == (other._prices, other._own)

    def __hash__(self) -> int:
        return hash((self._prices, self._own))

    def find(self, provider: str, model: str, day: date) -> Price | None:
        """Return the price on `day`: the longest name, of those the newest in force; None if unknown.

        The operator's own prices come first. A provider without a price of its own for the model may have
        another's list prices: Azure OpenAI has OpenAI's.
        """
        key = (provider, model, day)
        try:
            return self._found[key]
        except KeyError:
            found = self._search(provider, model, day)
        if len(self._found) >= _MOST_KEPT:
            self._found.clear()
        self._found[key] = found
        return found

    def serves(self, provider: str, model: str) -> bool:
        """Return whether the table knows `model` as one of `provider`'s, whenever."""
        return any(
            price.provider == provider and price.model != EVERY_MODEL and _fits(price.model, model)
            for price in (*self._own, *self._prices)
        )

    def _search(self, provider: str, model: str, day: date) -> Price | None:
        twin = LIST_PRICES_OF.get(provider, provider)
        return (
            _best(self._own, provider, model, day)
            or _best(self._prices, provider, model, day)
            or _best(self._prices, twin, model, day)
        )


def _best(prices: Iterable[Price], provider: str, model: str, day: date) -> Price | None:
    fitting = [
        price
        for price in prices
        if price.provider == provider and price.since <= day and _fits(price.model, model)
    ]
    return max(fitting, key=lambda price: (len(price.model), price.since), default=None)


def _fits(family: str, model: str) -> bool:
    return family == EVERY_MODEL or (model.startswith(family) and bool(_BUILD.match(model, len(family))))
