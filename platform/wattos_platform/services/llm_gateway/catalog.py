"""The models and providers that are there now: configured, listed by upstreams, known from their breakers."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from wattos_platform.kernel.resilience.breaker import BreakerOpen, State
from wattos_platform.services.llm_gateway.accounting import Accounting
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import LOCAL, ModelBook
from wattos_platform.services.llm_gateway.domain.refusals import Refusal
from wattos_platform.services.llm_gateway.ports import Provider

REFRESH_S = 300.0
RETRY_S = 15.0
_DOWN = frozenset({State.OPEN, State.FORCED_OPEN})


class Breakers(Protocol):
    """The part of the breaker registry that is used here."""

    def find(self, name: str) -> Any:
        """Return the breaker called `name`, None if nothing has asked for it yet."""

    def get(self, name: str, /) -> Any:
        """Return the breaker called `name`."""


class ModelCatalog:
    """Lists models and providers. Upstreams' lists are read when they are wanted and kept for 5 minutes."""

    def __init__(
        self,
        book: ModelBook,
        providers: Mapping[str, Provider],
        breakers: Breakers,
        accounting: Accounting,
        monotonic: Callable[[], float],
    ) -> None:
        self._book = book
        self._providers = providers
        self._breakers = breakers
        self._accounting = accounting
        self._monotonic = monotonic
        self._fresh_until: dict[str, float] = {}

    def listing(self) -> list[dict[str, Any]]:
        """Return the members of `data` in GET /v1/models."""
        return self._book.listing()

    async def make_known(self, model: str) -> None:
        """Read the upstreams' lists if nothing yet knows `model`; what they do not list stays unknown."""
        try:
            self._book.resolve(model)
        except Refusal:
            await self.refresh()

    async def require(self, model: str) -> None:
        """Read the upstreams' lists if nothing yet knows `model`; Refusal 404 if they do not, either."""
        await self.make_known(model)
        self._book.resolve(model)

    async def refresh(self) -> None:
        """Read every upstream's list that is older than 5 minutes, all at once, each within its time-out.

        An upstream that does not answer keeps its last list and is left alone for 15 s.
        """
        now = self._monotonic()
        due = [
            name
            for name in self._providers
            if name != LOCAL and self._fresh_until.get(name, 0.0) <= now and self.state(name) != "down"
        ]
        await asyncio.gather(*(self._read(name, now) for name in due))

    async def _read(self, name: str, now: float) -> None:
        try:
            breaker = self._breakers.get(f"llm:{name}")
            self._book.discover(name, await breaker.call(self._providers[name].list_models))
            self._fresh_until[name] = now + REFRESH_S
        except (ProviderFailure, TimeoutError, BreakerOpen):
            self._fresh_until[name] = now + RETRY_S

    def state(self, name: str) -> str:
        """Return up, down, refused (our key), recovering or unknown (never called), from past calls alone."""
        if name == LOCAL:
            return "up"
        last = self._accounting.last.get(name)
        if last is not None and last.error_type == "provider_auth":
            return "refused"
        breaker = self._breakers.find(f"llm:{name}")
        if breaker is None or not (breaker.total_successes or breaker.total_failures):
            return "down" if breaker is not None and breaker.state in _DOWN else "unknown"
        if breaker.state in _DOWN:
            return "down"
        return "recovering" if breaker.state is State.HALF_OPEN else "up"

    def _last(self, name: str) -> dict[str, Any]:
        last = self._accounting.last.get(name)
        if last is None:
            return {"last_call_at": None, "last_outcome": None, "last_error_type": None}
        return {
            "last_call_at": datetime.fromtimestamp(last.at, UTC).isoformat(),
            "last_outcome": last.outcome,
            "last_error_type": last.error_type or None,
        }

    def provider_states(self) -> list[dict[str, Any]]:
        """Return the members of `data` in GET /v1/providers, in the order of fallback."""
        return [
            {
                "name": name,
                "state": self.state(name),
                **self._last(name),
                "default_model": self._book.defaults.get(name),
                "models": list(
                    dict.fromkeys((*self._book.models.get(name, ()), *self._book.discovered.get(name, ())))
                ),
            }
            for name in self._providers
        ]
