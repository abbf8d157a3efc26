"""What each role may do; a route names one permission, a caller has those of all its roles."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """One thing a caller may be allowed to do; every route of the table asks for exactly one."""

    CONVERSATION_READ = "conversation:read"
    CONVERSATION_WRITE = "conversation:write"
    KNOWLEDGE_READ = "knowledge:read"
    KNOWLEDGE_WRITE = "knowledge:write"
    KNOWLEDGE_DELETE = "knowledge:delete"
    AGENT_READ = "agent:read"
    AGENT_RUN = "agent:run"
    AGENT_APPROVE = "agent:approve"
    LLM_USE = "llm:use"
    USAGE_READ = "usage:read"
    AUDIT_READ = "audit:read"


_VIEWER = frozenset(
    {
        Permission.CONVERSATION_READ,
        Permission.KNOWLEDGE_READ,
        Permission.AGENT_READ,
    }
)
_EDITOR = _VIEWER | {
    Permission.CONVERSATION_WRITE,
    Permission.KNOWLEDGE_WRITE,
    Permission.AGENT_RUN,
    Permission.LLM_USE,
    Permission.USAGE_READ,
}

ROLES: Mapping[str, frozenset[Permission]] = MappingProxyType(
    {"admin": frozenset(Permission), "editor": _EDITOR, "viewer": _VIEWER}
)


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Return what the roles allow together; a role that this table does not know allows nothing."""
    allowed: frozenset[Permission] = frozenset()
    for role in roles:
        allowed |= ROLES.get(role, frozenset())
    return allowed
