"""What a call costs: price table, tokens, exact figures; unknown is said, never zero.

Prices are Decimal, as they are written. Costs are whole pico-dollars (10^-12 USD): a price of at most six
decimals per million tokens is a whole number of them per token, and whole numbers add up fast and exactly.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from wattos_platform.services.llm_gateway.domain.wire import Usage

PICO_PER_USD = 10**12
_PICO_PER_RATE = PICO_PER_USD // 1_000_000
EVERY_MODEL = "*"
COST_MEMBER = "wattos_cost_usd"
# Whose list prices hold for a provider that has none of its own.
_LISTED_AS: Mapping[str, str] = {"azure": "openai"}
# What may follow a family's name in the id of one of its dated or tagged builds.
_BUILD = re.compile(
    r"(?:[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest|preview(?:-\d{2}-(?:\d{2}|\d{4}))?|exp))?\Z"
)
# Model names come from callers, so what was found is kept for a bounded number of them.
_MOST_KEPT = 4096


class _PerToken(NamedTuple):
    """Pico-dollars per token; after the first two, what a token costs beyond `input` or `output`."""

    input: int
    output: int
    cached: int
    write: int
    write_1h: int
    reasoning: int


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens of each kind, with at most six decimals; ValueError for more.

    A kind that is None has the price of the kind it is part of: `cached_input` and `cache_write` (kept by the
    provider for minutes) are input, `cache_write_1h` is written to the cache, `reasoning` is output.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    reasoning: Decimal | None = None
    _per_token: _PerToken = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        into, out = _pico(self.input), _pico(self.output)
        write = into if self.cache_write is None else _pico(self.cache_write)
        per_token = _PerToken(
            into,
            out,
            0 if self.cached_input is None else _pico(self.cached_input) - into,
            write - into,
            (write if self.cache_write_1h is None else _pico(self.cache_write_1h)) - into,
            0 if self.reasoning is None else _pico(self.reasoning) - out,
        )
        object.__setattr__(self, "_per_token", per_token)

    def pico_usd(self, usage: Usage) -> int:
        """Return the price of `usage` in pico-dollars, exactly."""
        into, out, cached, write, write_1h, reasoning = self._per_token
        total = into * usage.prompt + out * usage.completion
        if usage.cached:
            total += cached * min(usage.cached, usage.prompt)
        if usage.cache_write:
            # What writing to the provider's cache costs beyond the plain price of the input.
            written = min(usage.cache_write, max(usage.prompt - usage.cached, 0))
            for_an_hour = min(usage.cache_write_1h, written)
            total += write * (written - for_an_hour) + write_1h * for_an_hour
        if usage.reasoning:
            total += reasoning * min(usage.reasoning, usage.completion)
        return total


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

    def pico_usd(self, usage: Usage) -> int:
        """Return the price of `usage` in pico-dollars, exactly."""
        if self.long_prompt is not None and usage.prompt > self.long_prompt.above:
            return self.long_prompt.rates.pico_usd(usage)
        return self.rates.pico_usd(usage)


class PriceTable:
    """All known prices. Never changes, safe to share.

    `own` are the operator's, which are asked first. `listed_as` names, for a provider with a name of its own,
    the one whose API it is: that one's list prices hold for it. `deployed` says which model stands behind a
    name, by provider and name.
    """

    def __init__(
        self,
        prices: Sequence[Price],
        own: Sequence[Price] = (),
        listed_as: Mapping[str, str] | None = None,
        deployed: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self._prices = tuple(prices)
        self._own = tuple(own)
        self._listed_as = {**_LISTED_AS, **(listed_as or {})}
        self._deployed = dict(deployed or {})
        self._found: dict[tuple[str, str, date, str], Price | None] = {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PriceTable):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def _content(self) -> tuple[object, ...]:
        named = (sorted(self._listed_as.items()), sorted(self._deployed.items()))
        return self._prices, self._own, *(tuple(each) for each in named)

    def find(self, provider: str, model: str, day: date, served: str = "") -> Price | None:
        """Return the price on `day`: the longest name, of those the newest in force; None if unknown.

        The operator's own price for the name comes first, then that of the model that the provider says it
        `served`, of the one that is configured behind the name, of the name itself. A provider without a
        price of its own for a model may have another's list prices: Azure OpenAI has OpenAI's, an `ollama` of
        another name costs nothing either.
        """
        key = (provider, model, day, served)
        try:
            return self._found[key]
        except KeyError:
            found = self._search(provider, model, day, served)
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

    def _search(self, provider: str, model: str, day: date, served: str) -> Price | None:
        found = _best(self._own, provider, model, day)
        for name in (served, self._deployed.get((provider, model), ""), model):
            if found is None and name:
                found = self._priced(provider, name, day)
        return found

    def _priced(self, provider: str, model: str, day: date) -> Price | None:
        found = _best(self._own, provider, model, day)
        lister: str | None = provider
        while found is None and lister is not None:
            found = _best(self._prices, lister, model, day)
            lister = self._listed_as.get(lister)
        return found


def _best(prices: Iterable[Price], provider: str, model: str, day: date) -> Price | None:
    fitting = [
        price
        for price in prices
        if price.provider == provider and price.since <= day and _fits(price.model, model)
    ]
    return max(fitting, key=lambda price: (len(price.model), price.since), default=None)


def _fits(family: str, model: str) -> bool:
    return family == EVERY_MODEL or (model.startswith(family) and bool(_BUILD.match(model, len(family))))


def usd_text(pico_usd: int) -> str:
    """Return a cost as decimal text in US dollars, exactly and without zeros at its end."""
    dollars, rest = divmod(pico_usd, PICO_PER_USD)
    return f"{dollars}.{rest:012d}".rstrip("0") if rest else str(dollars)


def cost_member(pico_usd: int | None) -> dict[str, str]:
    """Return the member that tells a caller what the answer cost, none where nobody knows."""
    return {} if pico_usd is None else {COST_MEMBER: usd_text(pico_usd)}


def _pico(rate: Decimal) -> int:
    """Return pico-dollars per token for US dollars per million tokens."""
    pico = int(scaled := rate * _PICO_PER_RATE)
    if pico != scaled:
        raise ValueError(f"a price has at most six decimals per million tokens, not {rate}")
    return pico
