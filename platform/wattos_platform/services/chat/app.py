"""The composition root of chat: which adapter stands behind which port."""

from typing import Any

from wattos_platform.kernel.hops.errors import failed_by
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.process_identity import this_process
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp, ServiceSpec, build_service
from wattos_platform.services.chat.adapters.conversations import SqlConversations
from wattos_platform.services.chat.adapters.messages import SqlMessages
from wattos_platform.services.chat.adapters.model import GatewayModel
from wattos_platform.services.chat.adapters.retrieval import OptionalRetrieval, RagRetrieval
from wattos_platform.services.chat.answers import Answers
from wattos_platform.services.chat.housekeeping import Housekeeping
from wattos_platform.services.chat.message_routes import MessageRoutes
from wattos_platform.services.chat.routes import ConversationRoutes, routes


def create_app(runtime: Runtime) -> ServiceApp:
    """Return the chat service. ValueError without a database."""
    database = runtime.require_database()
    metrics, clock = runtime.metrics, runtime.clock
    conversations = SqlConversations(database, clock)
    messages = SqlMessages(database, worker=this_process(), clock=clock, new_id=uuid7)
    retrieval = OptionalRetrieval(
        RagRetrieval(runtime.hops.to("rag")),
        runtime.degradations.of("rag", "Answering without documents.", failed_by("rag")),
    )
    answers = Answers(
        messages=messages,
        retrieval=retrieval,
        model=GatewayModel(runtime.hops.to("llm-gateway")),
        log=runtime.log,
        count=lambda outcome: metrics.counter("chat_messages_total", outcome=outcome).inc(),
        draining=lambda: runtime.health.draining,
        history_tokens=runtime.settings.chat_history_tokens,
    )
    metrics.gauge("chat_answers_in_progress").set_function(lambda: len(answers.live))
    housekeeping = Housekeeping(
        answers,
        messages,
        runtime.log,
        clock,
        draining=lambda: runtime.health.draining,
        drain_s=runtime.settings.drain_s,
    )
    endpoints = routes(
        ConversationRoutes(conversations, retrieval, clock, uuid7),
        MessageRoutes(conversations, messages, answers, clock),
    )

    async def kpi() -> dict[str, Any]:
        return {"answers_in_progress": len(answers.live)}

    return build_service(runtime, ServiceSpec(routes=endpoints, lifespan=(housekeeping.running,), kpi=kpi))
