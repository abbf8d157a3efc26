"""/admin/caches: what an operator lets this service forget before its time."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wattos_platform.kernel.admin.answers import admin_answer
from wattos_platform.kernel.admin.order_fields import Actor, Namespace, Reason
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.requests import parse
from wattos_platform.kernel.resilience.cache import Cache
from wattos_platform.kernel.telemetry import Log


class Invalidation(BaseModel):
    """Which namespace to forget, such as `llm:TENANT`, and why."""

    model_config = ConfigDict(extra="forbid")

    namespace: Namespace
    reason: Reason
    actor: Actor


@dataclass(frozen=True, slots=True)
class CacheEndpoints:
    """The handlers; `caches` are those of this process by name, which may still come."""

    caches: Mapping[str, Cache]
    log: Log

    def routes(self) -> list[BaseRoute]:
        """Return the routes below /admin/caches."""
        return [
            Route("/admin/caches", self.listing),
            Route("/admin/caches/{name}/invalidate", self.invalidate, methods=["POST"]),
        ]

    async def listing(self, _request: Request) -> Response:
        """Answer with the names of the caches."""
        return admin_answer({"caches": sorted(self.caches)})

    async def invalidate(self, request: Request) -> Response:
        """Forget a namespace for all who share the store; an audit line says who and why.

        404 for a cache that this service has not, 503 while the store does not answer.
        """
        name = request.path_params["name"]
        wish = await parse(request, Invalidation)
        cache = self.caches.get(name)
        if cache is None:
            known = ", ".join(sorted(self.caches)) or "none"
            raise ServiceError(
                404, "cache_not_found", f"There is no cache {name[:80]!r} here. Known: {known}."
            )
        if not await cache.invalidate(wish.namespace):
            raise ServiceError(
                503, "cache_unavailable", f"The store of {name} does not answer; nothing is forgotten."
            )
        self.log.warning(
            "cache.invalidated",
            message=f"All of {wish.namespace} in {name} is forgotten: {wish.reason}",
            cache=name,
            namespace=wish.namespace,
            reason=wish.reason,
            actor=wish.actor,
        )
        return admin_answer({"cache": name, "namespace": wish.namespace, "invalidated": True})
