"""THE route table: every path that the outside may call, where it goes and what it asks of the caller.

A path that is not here does not exist. The upstream is called on the same path, always; a test shows that
it serves each of them.
"""

from dataclasses import dataclass
from enum import StrEnum

from wattos_platform.contracts.limits import LimitClass
from wattos_platform.services.gateway.domain.permissions import Permission

OWN = "gateway"


class Streams(StrEnum):
    """What may stay open for long: nothing, the answer (SSE) or the request body (an upload)."""

    NOTHING = "nothing"
    ANSWER = "answer"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """One line of the table; `path` is also the template seen in metrics, logs and audit rows."""

    method: str
    path: str
    upstream: str
    permission: Permission
    limit: LimitClass = LimitClass.STANDARD
    streams: Streams = Streams.NOTHING


def _model(method: str, path: str, permission: Permission = Permission.LLM_USE) -> GatewayRoute:
    streams = Streams.ANSWER if method == "POST" else Streams.NOTHING
    return GatewayRoute(method, path, "llm-gateway", permission, LimitClass.MODEL, streams)


def _chat(method: str, path: str, permission: Permission, streams: Streams = Streams.NOTHING) -> GatewayRoute:
    return GatewayRoute(method, path, "chat", permission, streams=streams)


def _rag(method: str, path: str, permission: Permission) -> GatewayRoute:
    return GatewayRoute(method, path, "rag", permission)


def _agent(
    method: str, path: str, permission: Permission, streams: Streams = Streams.NOTHING
) -> GatewayRoute:
    return GatewayRoute(method, path, "agent", permission, streams=streams)


_CONVERSATION = "/api/v1/conversations/{conversation_id}"
_SPACE = "/api/v1/knowledge-spaces/{space_id}"
_DOCUMENT = "/api/v1/documents/{document_id}"
_RUN = "/api/v1/runs/{run_id}"
_APPROVAL = "/api/v1/approvals/{approval_id}"
P = Permission

ROUTES: tuple[GatewayRoute, ...] = (
    _model("POST", "/v1/chat/completions"),
    _model("POST", "/v1/responses"),
    _model("POST", "/v1/messages"),
    _model("POST", "/v1/messages/count_tokens"),
    _model("POST", "/v1/completions"),
    _model("POST", "/v1/embeddings"),
    _model("GET", "/v1/models"),
    _model("GET", "/v1/models/{model:path}"),
    _model("GET", "/v1/providers"),
    _model("GET", "/v1/usage", P.USAGE_READ),
    _model("GET", "/api/v1/usage", P.USAGE_READ),
    _chat("GET", "/api/v1/conversations", P.CONVERSATION_READ),
    _chat("POST", "/api/v1/conversations", P.CONVERSATION_WRITE),
    _chat("GET", _CONVERSATION, P.CONVERSATION_READ),
    _chat("PATCH", _CONVERSATION, P.CONVERSATION_WRITE),
    _chat("DELETE", _CONVERSATION, P.CONVERSATION_WRITE),
    _chat("GET", _CONVERSATION + "/messages", P.CONVERSATION_READ),
    _chat("POST", _CONVERSATION + "/messages", P.CONVERSATION_WRITE, Streams.ANSWER),
    _chat("GET", _CONVERSATION + "/messages/{message_id}", P.CONVERSATION_READ),
    _chat("POST", "/api/v1/messages/{message_id}/feedback", P.CONVERSATION_WRITE),
    _rag("GET", "/api/v1/knowledge-spaces", P.KNOWLEDGE_READ),
    _rag("POST", "/api/v1/knowledge-spaces", P.KNOWLEDGE_WRITE),
    _rag("GET", _SPACE, P.KNOWLEDGE_READ),
    _rag("DELETE", _SPACE, P.KNOWLEDGE_DELETE),
    _rag("GET", _SPACE + "/documents", P.KNOWLEDGE_READ),
    GatewayRoute("POST", _SPACE + "/documents", "rag", P.KNOWLEDGE_WRITE, LimitClass.UPLOAD, Streams.BODY),
    _rag("POST", _SPACE + "/search", P.KNOWLEDGE_READ),
    _rag("GET", _DOCUMENT, P.KNOWLEDGE_READ),
    _rag("GET", _DOCUMENT + "/text", P.KNOWLEDGE_READ),
    # Taking one document out is editing a space; taking the space away is what needs an admin.
    _rag("DELETE", _DOCUMENT, P.KNOWLEDGE_WRITE),
    _rag("POST", "/api/v1/search", P.KNOWLEDGE_READ),
    _agent("GET", "/api/v1/agents", P.AGENT_READ),
    _agent("GET", "/api/v1/agents/{agent_id}", P.AGENT_READ),
    _agent("POST", "/api/v1/agents/{agent_id}/runs", P.AGENT_RUN),
    _agent("GET", "/api/v1/agents/{agent_id}/kpi", P.AGENT_READ),
    _agent("GET", "/api/v1/runs", P.AGENT_READ),
    _agent("GET", _RUN, P.AGENT_READ),
    _agent("DELETE", _RUN, P.AGENT_RUN),
    _agent("GET", _RUN + "/steps", P.AGENT_READ),
    _agent("GET", _RUN + "/events", P.AGENT_READ, Streams.ANSWER),
    _agent("POST", _RUN + "/cancel", P.AGENT_RUN),
    _agent("GET", "/api/v1/approvals", P.AGENT_READ),
    _agent("GET", _APPROVAL, P.AGENT_READ),
    _agent("POST", _APPROVAL + "/approve", P.AGENT_APPROVE),
    _agent("POST", _APPROVAL + "/reject", P.AGENT_APPROVE),
    GatewayRoute("GET", "/api/v1/audit", OWN, P.AUDIT_READ),
)
