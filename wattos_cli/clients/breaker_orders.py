"""Orders to breakers: one order, told to every replica it concerns, each of which answers for itself."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wattos_cli.clients import breakers
from wattos_cli.clients.breakers import Answer
from wattos_cli.clients.running import project_of
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Deps
from wattos_cli.errors import usage
from wattos_platform.contracts.breakers import MAX_REASON_CHARS, MAX_TTL_S, Scope


@dataclass(frozen=True, slots=True)
class Order:
    """What to tell the breaker `name`; `ttl_s` None: until the next order."""

    action: str
    name: str
    reason: str
    ttl_s: float | None = None
    service: str = ""
    replica: int | None = None

    @property
    def scope(self) -> Scope:
        """Return how far the replicas should pass the order on."""
        if self.replica is not None:
            return "replica"
        return "service" if self.service else "platform"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the replicas that have the breaker answered, and who gave the order."""

    order: Order
    actor: str
    answers: Sequence[Answer]

    @property
    def complete(self) -> bool:
        """Return whether every replica obeyed."""
        return all(answer.body is not None for answer in self.answers)

    @property
    def problem(self) -> str:
        """Return why the order is not shared although it should be, "" if it is or need not be."""
        bodies = [answer.body for answer in self.answers if answer.body is not None]
        return next((str(body["problem"]) for body in bodies if body.get("problem")), "")


def give(deps: Deps, order: Order) -> Outcome:
    """Tell every replica that the order concerns, all at once, and return how it went.

    Each replica is told itself, shared board or not, so that none depends on anything else; the order's id
    makes hearing of it twice harmless. WattosError when nothing runs (exit 4) or nobody knows such a breaker
    (exit 2).
    """
    project = project_of(deps)
    actor = breakers.actor(deps.environ)
    targets = breakers.replicas(project, order.service, order.replica)
    body: dict[str, Any] = {
        "reason": order.reason,
        "actor": actor,
        "scope": order.scope,
        "id": os.urandom(16).hex(),
    }
    if order.ttl_s is not None:
        body["ttl_s"] = order.ttl_s
    path = f"{breakers.path_of(order.name)}/{order.action}"
    answers = breakers.ask(deps, project, targets, lambda _target: path, body)
    breakers.require_any(answers)
    breakers.require_known(order.name, answers)
    return Outcome(order, actor, [answer for answer in answers if not answer.unknown])


def checked_reason(text: str) -> str:
    """Return the text of --reason; WattosError (exit 2) if it is empty, too long or several lines."""
    reason = text.strip()
    if not reason or len(reason) > MAX_REASON_CHARS or not reason.isprintable():
        raise usage(
            f"--reason must be one line of 1 to {MAX_REASON_CHARS} characters",
            "say why, for whoever reads the audit log: --reason 'provider maintenance'",
        )
    return reason


def checked_ttl_s(text: str | None) -> float | None:
    """Return the time given with --for in seconds, None for none; WattosError (exit 2) if it is not valid."""
    if text is None:
        return None
    ttl_s = option_seconds(text, "--for")
    if ttl_s > MAX_TTL_S:
        raise usage(
            f"--for {text}: at most {MAX_TTL_S // 86400} days", "leave --for out to trip until a reset"
        )
    return ttl_s
