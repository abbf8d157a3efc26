"""/admin/breakers: what the breakers of this replica do, and an operator's orders to them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import inf

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wattos_platform.contracts.breakers import MAX_TTL_S, Scope
from wattos_platform.kernel.admin.answers import admin_answer
from wattos_platform.kernel.admin.breaker_views import event_view, settings_view, snapshot_view
from wattos_platform.kernel.admin.order_fields import Actor, Reason
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.requests import parse, query
from wattos_platform.kernel.resilience.breaker import Action, BreakerRegistry, Order, UnknownBreakerError
from wattos_platform.kernel.resilience.breaker_control import BreakerControl

_NEAR = 3
_EVENTS_SHOWN = 20


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderBody(_Strict):
    """What every order says: why, who, and how far it reaches. `id` makes a repetition harmless."""

    reason: Reason
    actor: Actor
    scope: Scope = "platform"
    id: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,64}$")


class TimedOrderBody(OrderBody):
    """An order whose state may end by itself."""

    ttl_s: float | None = Field(default=None, gt=0, le=MAX_TTL_S, allow_inf_nan=False)


class EventQuery(_Strict):
    """The query string of GET /admin/breakers/events."""

    after: int = Field(default=0, ge=0)


@dataclass(frozen=True, slots=True)
class BreakerEndpoints:
    """The handlers; `clock` gives epoch seconds. `run` tells this process's events from its successor's."""

    breakers: BreakerRegistry
    control: BreakerControl
    clock: Callable[[], float]
    run: str = field(default_factory=uuid7)

    def routes(self) -> list[BaseRoute]:
        """Return the routes below /admin/breakers."""
        orders = [
            Route(f"/admin/breakers/{{name}}/{action}", self._giver(action), methods=["POST"])
            for action in Action
        ]
        return [
            Route("/admin/breakers", self.listing),
            Route("/admin/breakers/events", self.events),
            Route("/admin/breakers/{name}", self.one),
            *orders,
        ]

    async def listing(self, _request: Request) -> Response:
        """Answer with every breaker of this replica, by name."""
        return admin_answer({"breakers": [snapshot_view(shown) for shown in self.breakers.snapshots()]})

    async def one(self, request: Request) -> Response:
        """Answer with one breaker, its settings and its last changes; 404 names near ones."""
        name = request.path_params["name"]
        breaker = self.breakers.find(name)
        if breaker is None:
            raise self._unknown(name)
        changes = [kept for kept in self.breakers.events.after(0) if kept.event.name == name]
        return admin_answer(
            {
                "breaker": snapshot_view(breaker.snapshot()),
                "settings": settings_view(breaker.settings),
                "events": [event_view(kept) for kept in changes[-_EVENTS_SHOWN:]],
            }
        )

    async def events(self, request: Request) -> Response:
        """Answer with the changes after number N, and how many of those are no longer kept."""
        after = query(request, EventQuery).after
        self.breakers.settle()
        ring = self.breakers.events
        return admin_answer(
            {
                "run": self.run,
                "last": ring.last,
                "lost": ring.lost(after),
                "events": [event_view(kept) for kept in ring.after(after)],
            }
        )

    def _giver(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        body_of: type[OrderBody] = OrderBody if action is Action.RESET else TimedOrderBody

        async def give(request: Request) -> Response:
            name = request.path_params["name"]
            body = await parse(request, body_of)
            ttl_s = body.ttl_s if isinstance(body, TimedOrderBody) and body.ttl_s is not None else inf
            order = Order(action, body.reason, body.actor, ttl_s, id=body.id)
            try:
                given = await self.control.give(name, order, body.scope)
            except UnknownBreakerError:
                raise self._unknown(name) from None
            return admin_answer(
                {
                    "breaker": snapshot_view(given.breaker.snapshot()),
                    "shared": given.shared,
                    "problem": given.problem or None,
                }
            )

        return give

    def _unknown(self, name: str) -> ServiceError:
        known = self.breakers.names()
        near = get_close_matches(name, known, n=_NEAR)
        listed = f"Near: {', '.join(near)}." if near else f"Known: {', '.join(known) or 'none'}."
        return ServiceError(
            404,
            "breaker_not_found",
            f"There is no circuit breaker {name[:80]!r} here. {listed}",
            details=[{"field": "name", "near": near, "known": known}],
        )
