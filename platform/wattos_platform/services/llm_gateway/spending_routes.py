"""/admin/budgets and /admin/models/targets: what a tenant may spend, and where a model's money would go."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wattos_platform.kernel.answers import json_answer
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.requests import parse, query
from wattos_platform.services.llm_gateway.caps import MOST_CAPS, Caps
from wattos_platform.services.llm_gateway.destinations import Destinations
from wattos_platform.services.llm_gateway.live_engine import LiveEngine
from wattos_platform.services.llm_gateway.requests import refusing

_LONGEST_S = 24 * 3600
_By = Annotated[str, Field(max_length=128)]
_Name = Annotated[str, Field(min_length=1, max_length=128)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewCap(_Strict):
    """What POST /admin/budgets takes: US dollars of a UTC day, for `ttl_s` seconds, said `by` whom."""

    tenant: _Name
    usd_per_day: Annotated[
        Decimal,
        BeforeValidator(lambda value: str(value) if isinstance(value, float) else value),
        Field(ge=0, le=1_000_000),
    ]
    ttl_s: float = Field(gt=0, le=_LONGEST_S)
    by: _By = ""


class OldCap(_Strict):
    """What POST /admin/budgets/remove takes."""

    tenant: _Name
    by: _By = ""


class TargetsQuery(_Strict):
    """The query string of GET /admin/models/targets."""

    model: _Name


@dataclass(frozen=True, slots=True)
class SpendingEndpoints:
    """The handlers."""

    live: LiveEngine
    caps: Caps
    destinations: Destinations

    def admin_routes(self) -> list[BaseRoute]:
        """Return the routes of the operations listener."""
        return [
            Route("/admin/budgets", self.put, methods=["POST"]),
            Route("/admin/budgets/remove", self.remove, methods=["POST"]),
            Route("/admin/models/targets", refusing(self.targets), methods=["GET"]),
        ]

    async def put(self, request: Request) -> Response:
        """Cap what a tenant may spend in a day, for a time, in this replica."""
        asked = await parse(request, NewCap)
        if not self.caps.put(asked.tenant, asked.usd_per_day, asked.ttl_s, asked.by):
            raise ServiceError(409, "too_many_caps", f"There are {MOST_CAPS} caps already; remove one.")
        return json_answer({"tenant": asked.tenant, "usd_per_day": str(asked.usd_per_day)})

    async def remove(self, request: Request) -> Response:
        """Let a tenant go on as configured, unless others cap it."""
        asked = await parse(request, OldCap)
        self.caps.remove(asked.tenant, asked.by)
        return json_answer({"tenant": asked.tenant})

    async def targets(self, request: Request) -> Response:
        """Say which providers' models a name may lead to and whether each costs money; 404 for no model.

        `providers` are all that are named: whom any request may be meant for.
        """
        name = query(request, TargetsQuery).model
        engine = self.live.engine
        await engine.catalog.make_known(name)
        found = self.destinations.of(name)
        simulated = set(self.live.simulated())
        providers = [
            {"name": each.name, "simulated": each.name in simulated}
            for each in engine.configured.providers.upstreams
        ]
        return json_answer({"model": name, "targets": found, "providers": providers})
