"""Roles: what an agent may do, what it costs at most, how it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

DEFAULT_MAX_STEPS = 12
_REQUIRED = ("name", "description", "tone", "expertise", "tools", "guardrails", "approvals", "max_cost_usd")
_OPTIONAL = ("kpi_targets", "max_steps", "pii_redaction")


class RoleError(ValueError):
    """A role's definition is not usable; the text names the role, the field and the reason."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role as its file defines it. `approvals` are actions that a person must allow first."""

    id: str
    name: str
    description: str
    tone: str
    expertise: tuple[str, ...]
    tools: tuple[str, ...]
    guardrails: tuple[str, ...]
    approvals: tuple[str, ...]
    max_cost_usd: Decimal
    kpi_targets: Mapping[str, float]
    max_steps: int = DEFAULT_MAX_STEPS
    pii_redaction: bool = True


def parse_roles(data: Mapping[str, Any]) -> dict[str, Role]:
    """Return the roles in `data`, a table per role id; RoleError for what is missing, unknown or wrong."""
    return {role_id: _role(role_id, table) for role_id, table in data.items()}


def _role(role_id: str, table: Any) -> Role:
    if not isinstance(table, Mapping):
        raise RoleError(f"role {role_id!r} must be a table")
    for name in table:
        if name not in (*_REQUIRED, *_OPTIONAL):
            raise RoleError(f"role {role_id!r}: the field {name!r} is not known")
    for name in _REQUIRED:
        if name not in table:
            raise RoleError(f"role {role_id!r}: the field {name!r} is missing")
    max_cost, max_steps = table["max_cost_usd"], table.get("max_steps", DEFAULT_MAX_STEPS)
    if isinstance(max_cost, bool) or not isinstance(max_cost, int | float) or max_cost < 0:
        raise RoleError(f"role {role_id!r}: max_cost_usd must be a number of US dollars, 0 or more")
    if isinstance(max_steps, bool) or not isinstance(max_steps, int) or max_steps < 1:
        raise RoleError(f"role {role_id!r}: max_steps must be a whole number, 1 or more")
    return Role(
        id=role_id,
        name=_text(role_id, table, "name"),
        description=_text(role_id, table, "description"),
        tone=_text(role_id, table, "tone"),
        expertise=_texts(role_id, table, "expertise"),
        tools=_texts(role_id, table, "tools"),
        guardrails=_texts(role_id, table, "guardrails"),
        approvals=_texts(role_id, table, "approvals"),
        max_cost_usd=Decimal(str(max_cost)),
        kpi_targets={str(name): float(value) for name, value in table.get("kpi_targets", {}).items()},
        max_steps=max_steps,
        pii_redaction=bool(table.get("pii_redaction", True)),
    )


def _text(role_id: str, table: Mapping[str, Any], name: str) -> str:
    value = table[name]
    if not isinstance(value, str) or not value.strip():
        raise RoleError(f"role {role_id!r}: {name} must be a text")
    return value


def _texts(role_id: str, table: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = table[name]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RoleError(f"role {role_id!r}: {name} must be a list of texts")
    return tuple(value)
