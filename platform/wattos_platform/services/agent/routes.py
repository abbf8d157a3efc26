"""HTTP of agent: roles, runs, their steps as events, key figures."""

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wattos_platform.contracts.runs import RoleList, RunAccepted, RunPage, StepList
from wattos_platform.kernel.answers import json_answer
from wattos_platform.kernel.context import current
from wattos_platform.kernel.cursors import PageQuery, cursor_behind, cursor_position
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.event_stream import sse_response
from wattos_platform.kernel.idempotency import KeyReusedError, key_reused, request_key
from wattos_platform.kernel.requests import parse, query
from wattos_platform.kernel.resilience.retry_after import retry_after
from wattos_platform.services.agent.bodies import KpiQuery, NewRun
from wattos_platform.services.agent.domain.records import Run, RunStatus
from wattos_platform.services.agent.domain.roles import Role
from wattos_platform.services.agent.guards import existing, last_event, owner
from wattos_platform.services.agent.ports import RunStore, Tool, TooManyRunsError
from wattos_platform.services.agent.step_events import step_events
from wattos_platform.services.agent.views import kpi_view, role_view, run_view, step_view
from wattos_platform.services.agent.worker import Worker


class AgentRoutes:
    """Endpoints of agent; another person's run is answered with 404."""

    def __init__(
        self,
        *,
        roles: Mapping[str, Role],
        tools: Mapping[str, Tool],
        runs: RunStore,
        worker: Worker,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._roles = roles
        self._tools = tools
        self._runs = runs
        self._worker = worker
        self._clock = clock
        self._new_id = new_id

    async def roles(self, _request: Request) -> Response:
        """GET /api/v1/agents."""
        return json_answer(RoleList(items=[role_view(role, self._tools) for role in self._roles.values()]))

    async def role(self, request: Request) -> Response:
        """GET /api/v1/agents/{role}."""
        return json_answer(role_view(self._role(request), self._tools))

    async def start(self, request: Request) -> Response:
        """POST /api/v1/agents/{role}/runs."""
        role = self._role(request)
        body = await parse(request, NewRun)
        key = request_key(request, body.model_dump())
        self._check_tools(role, body.tools or [])
        run = Run(
            id=self._new_id(),
            owner=owner(),
            role=role.id,
            input=body.input,
            knowledge_space_id=body.knowledge_space_id,
            created_at=self._clock(),
            request_id=current().request_id,
        )
        try:
            made = await self._runs.create(run, key)
        except KeyReusedError:
            raise key_reused() from None
        except TooManyRunsError:
            raise ServiceError(
                429,
                "too_many_runs",
                "Your tenant has as many unfinished runs as it may. Wait for one to end, or cancel one.",
                headers=retry_after(5),
            ) from None
        self._worker.wake()
        accepted = RunAccepted(id=made.id, role=made.role, status=made.status.value)
        return json_answer(accepted, 202, {"Location": f"/api/v1/runs/{made.id}"})

    async def page(self, request: Request) -> Response:
        """GET /api/v1/runs, newest first."""
        wanted = query(request, PageQuery)
        found = await self._runs.page(owner(), _behind(wanted.cursor), wanted.limit + 1)
        shown = found[: wanted.limit]
        more = len(found) > wanted.limit
        cursor = cursor_behind(shown[-1].created_at, shown[-1].id) if more else None
        return json_answer(RunPage(items=[run_view(run) for run in shown], next_cursor=cursor))

    async def get(self, request: Request) -> Response:
        """GET /api/v1/runs/{id}, with its steps."""
        run = existing(await self._runs.get(owner(), request.path_params["id"]))
        return json_answer(run_view(run, await self._runs.steps(run.id)))

    async def steps(self, request: Request) -> Response:
        """GET /api/v1/runs/{id}/steps."""
        run = existing(await self._runs.get(owner(), request.path_params["id"]))
        return json_answer(StepList(items=[step_view(step) for step in await self._runs.steps(run.id)]))

    async def cancel(self, request: Request) -> Response:
        """POST /api/v1/runs/{id}/cancel; 202 while it still runs, 409 for one that ended otherwise."""
        run = existing(await self._runs.cancel(owner(), request.path_params["id"]))
        if run.status in {RunStatus.COMPLETED, RunStatus.FAILED}:
            raise ServiceError(409, "run_already_ended", f"The run is {run.status}; it cannot be cancelled.")
        self._worker.cancel(run.id)
        return json_answer(run_view(run), 200 if run.status.is_final else 202)

    async def delete(self, request: Request) -> Response:
        """DELETE /api/v1/runs/{id}, with its steps; 409 for one that has not ended."""
        run = existing(await self._runs.delete(owner(), request.path_params["id"]))
        if not run.status.is_final:
            raise ServiceError(
                409,
                "run_not_ended",
                f"The run is {run.status}. Wait, or cancel it: POST /api/v1/runs/{run.id}/cancel",
            )
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        """GET /api/v1/runs/{id}/events."""
        mine = existing(await self._runs.get(owner(), request.path_params["id"]))
        after = last_event(request)
        return sse_response(step_events(self._runs, mine.owner, mine.id, after, asyncio.sleep))

    async def kpi(self, request: Request) -> Response:
        """GET /api/v1/agents/{role}/kpi, over the whole tenant."""
        role = self._role(request)
        wanted = query(request, KpiQuery)
        start = None if wanted.start is None else wanted.start.timestamp()
        end = None if wanted.end is None else wanted.end.timestamp()
        totals = await self._runs.totals(owner().tenant, role.id, start, end)
        return json_answer(kpi_view(role, totals, wanted.start, wanted.end))

    def _role(self, request: Request) -> Role:
        role = self._roles.get(request.path_params["role"])
        if role is None:
            raise ServiceError(
                404, "role_not_found", f"There is no such role; there are: {', '.join(self._roles)}."
            )
        return role

    def _check_tools(self, role: Role, wanted: list[str]) -> None:
        """Refuse a run that names a tool it could not use, instead of pretending later."""
        for name in wanted:
            if name not in role.tools:
                message = f"the role {role.id} has no tool {name!r}; it has: {', '.join(role.tools)}"
                raise ServiceError(
                    422,
                    "invalid_request",
                    f"Field 'tools': {message}.",
                    details=[{"field": "tools", "message": message}],
                )
            if name not in self._tools:
                raise ServiceError(
                    501, "tool_unavailable", f"The tool {name!r} is not available in this version."
                )


def routes(endpoints: AgentRoutes) -> list[BaseRoute]:
    """Return the routes of agent."""
    return [
        Route("/api/v1/agents", endpoints.roles, methods=["GET"]),
        Route("/api/v1/agents/{role}", endpoints.role, methods=["GET"]),
        Route("/api/v1/agents/{role}/runs", endpoints.start, methods=["POST"]),
        Route("/api/v1/agents/{role}/kpi", endpoints.kpi, methods=["GET"]),
        Route("/api/v1/runs", endpoints.page, methods=["GET"]),
        Route("/api/v1/runs/{id}", endpoints.get, methods=["GET"]),
        Route("/api/v1/runs/{id}", endpoints.delete, methods=["DELETE"]),
        Route("/api/v1/runs/{id}/steps", endpoints.steps, methods=["GET"]),
        Route("/api/v1/runs/{id}/cancel", endpoints.cancel, methods=["POST"]),
        Route("/api/v1/runs/{id}/events", endpoints.events, methods=["GET"]),
    ]


def _behind(cursor: str | None) -> tuple[float, str] | None:
    """Return creation and id of the run behind which the page begins, None for the first page."""
    if cursor is None:
        return None
    created_at, run_id = cursor_position(cursor, float, str)
    return float(created_at), str(run_id)
