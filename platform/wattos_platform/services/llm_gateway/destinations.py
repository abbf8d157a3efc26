"""Where requests for a model may go, and whether that costs money."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wattos_platform.kernel.timestamps import utc_day
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.live_engine import LiveEngine

_ONE_OF_EACH = Usage(1, 1)


@dataclass(frozen=True, slots=True)
class Destinations:
    """What names of models lead to under the configuration in use; `clock` gives epoch seconds."""

    live: LiveEngine
    clock: Callable[[], float]

    def of(self, name: str) -> list[dict[str, Any]]:
        """Return provider, model, price (free, paid, unknown) of each target; Refusal 404 for no model.

        A provider that the simulator plays is `simulated`: what it would cost is not paid.
        """
        simulated = set(self.live.simulated())
        return [self._told(target, simulated) for target in self.live.engine.book.resolve(name).targets]

    def cost_nothing(self, name: str) -> bool:
        """Return whether no target of the model costs money, as far as prices are known."""
        return all(target["simulated"] or target["price"] == "free" for target in self.of(name))

    def listed(self) -> list[dict[str, Any]]:
        """Return the members of `data` in GET /v1/models; aliases tell whether they cost nothing."""
        return [
            {**entry, "wattos_free": self.cost_nothing(entry["id"])} if "wattos_alias_of" in entry else entry
            for entry in self.live.engine.catalog.listing()
        ]

    def _told(self, target: Target, simulated: set[str]) -> dict[str, Any]:
        prices = self.live.engine.configured.prices
        price = prices.find(target.provider, target.model, utc_day(self.clock()))
        return {
            "provider": target.provider,
            "model": target.model,
            "simulated": target.provider in simulated,
            "price": "unknown" if price is None else "paid" if price.pico_usd(_ONE_OF_EACH) else "free",
        }
