"""HTTP in and out of the usage reports: a tenant's own in public, all tenants' for the operator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wattos_platform.kernel import context
from wattos_platform.kernel.answers import json_answer
from wattos_platform.services.llm_gateway.domain.refusals import Refusal
from wattos_platform.services.llm_gateway.domain.usage_query import USER, UsageQuery, all_usage, own_usage
from wattos_platform.services.llm_gateway.domain.usage_report import report
from wattos_platform.services.llm_gateway.ports import UsageReports
from wattos_platform.services.llm_gateway.requests import refusing

_ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class UsageEndpoints:
    """The handlers; `clock` gives epoch seconds."""

    reports: UsageReports
    clock: Callable[[], float]

    def routes(self) -> list[Route]:
        """Return the routes behind the gateway."""
        return [
            Route("/v1/usage", refusing(self.own), methods=["GET"]),
            Route("/api/v1/usage", refusing(self.own), methods=["GET"]),
        ]

    def admin_routes(self) -> list[BaseRoute]:
        """Return the routes of the operations listener."""
        return [Route("/admin/usage", refusing(self.all), methods=["GET"])]

    async def own(self, request: Request) -> Response:
        """GET /v1/usage: the caller's tenant's calls in a period, the last 30 days unless told.

        Only the tenant's admins see who of its users did how much.
        """
        identity = context.identity()
        asked = own_usage(request.query_params, self._now(), identity.tenant)
        if asked.by == USER and _ADMIN not in identity.roles:
            raise Refusal(
                "forbidden", "Only an admin of the tenant may group by user.", param="by", status=403
            )
        return await self._report(asked)

    async def all(self, request: Request) -> Response:
        """GET /admin/usage: every tenant's calls, or those of `tenant`."""
        return await self._report(all_usage(request.query_params, self._now()))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    async def _report(self, asked: UsageQuery) -> Response:
        sums = await self.reports.sums(asked)
        document: Mapping[str, Any] = report(
            asked, sums.rows, sums.totals, unpriced=sums.unpriced, left_off=sums.left_off
        )
        return json_answer(document)
