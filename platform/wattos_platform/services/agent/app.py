"""The composition root of agent: which adapter stands behind which port."""

from typing import Any

from wattos_platform.contracts.settings import SettingsError
from wattos_platform.kernel.hops.errors import failed_by
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.process_identity import this_process
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp, ServiceSpec, build_service
from wattos_platform.services.agent.adapters.model import GatewayModel
from wattos_platform.services.agent.adapters.retrieval_tool import RetrievalTool
from wattos_platform.services.agent.adapters.role_file import bundled_roles
from wattos_platform.services.agent.adapters.runs import SqlRuns
from wattos_platform.services.agent.adapters.work import SqlWork
from wattos_platform.services.agent.domain.web_targets import parse_allowed
from wattos_platform.services.agent.engine import Engine
from wattos_platform.services.agent.ports import Tool
from wattos_platform.services.agent.routes import AgentRoutes, routes
from wattos_platform.services.agent.run_meters import RunMeters
from wattos_platform.services.agent.worker import Worker


def create_app(runtime: Runtime) -> ServiceApp:
    """Return the agent service. ValueError without a database."""
    database = runtime.require_database()
    roles = bundled_roles()
    tools = {tool.name: tool for tool in _tools(runtime)}
    runs = SqlRuns(database, runtime.clock)
    work = SqlWork(database, worker=this_process(), clock=runtime.clock)
    engine = Engine(
        roles=roles,
        tools=tools,
        model=GatewayModel(runtime.hops.to("llm-gateway")),
        runs=runs,
        work=work,
        log=runtime.log,
        meters=RunMeters(runtime.metrics),
        monotonic=runtime.monotonic,
    )
    worker = Worker(engine, work, runtime.log)
    runtime.metrics.gauge("agent_runs_in_progress").set_function(lambda: worker.load)
    endpoints = AgentRoutes(
        roles=roles, tools=tools, runs=runs, worker=worker, clock=runtime.clock, new_id=uuid7
    )

    async def kpi() -> dict[str, Any]:
        return {"runs_in_progress": worker.load, "runs_unfinished": await runs.unfinished()}

    spec = ServiceSpec(routes=routes(endpoints), lifespan=(worker.running,), kpi=kpi)
    return build_service(runtime, spec)


def _tools(runtime: Runtime) -> list[Tool]:
    """Return the tools that work here; SettingsError for an allow-list that cannot be read."""
    rag = runtime.degradations.of("rag", "The run goes on without documents.", failed_by("rag"))
    tools: list[Tool] = [RetrievalTool(runtime.hops.to("rag"), rag)]
    try:
        allowed = parse_allowed(runtime.settings.agent_http_allow)
    except ValueError as error:
        raise SettingsError(f"WATTOS_AGENT_HTTP_ALLOW: {error}") from None
    if allowed:
        # Its client library is loaded only where the tool is switched on.
        from wattos_platform.services.agent.adapters.http_tool import HttpRequestTool

        tools.append(HttpRequestTool(allowed, runtime.breakers))
    return tools
