"""What `trip` and `reset` print: one row per replica that was told, and what to know about the whole."""

from collections.abc import Sequence
from typing import Any

from wattos_cli.clients.breaker_orders import Outcome
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode
from wattos_cli.render import breakers as render


def show(deps: Deps, schema: str, outcome: Outcome) -> ExitCode:
    """Print how each replica answered; returns exit code 1 when not every one obeyed."""
    order, rows = outcome.order, rows_of(outcome)
    console = deps.console
    if console.json_output:
        console.json(
            {
                "schema": schema,
                "name": order.name,
                "reason": order.reason,
                "actor": outcome.actor,
                "replicas": rows,
            }
        )
    else:
        console.data(render.outcome_table(rows, width=console.table_width, color=console.color))
        if order.action == "trip":
            console.note(f"undo it with: wattos breaker reset {order.name} --reason TEXT")
    if outcome.problem:
        console.note(f"not shared: {outcome.problem}; a replica that starts later does not know of it")
    if not outcome.complete:
        console.note("not every replica obeyed; see them with: wattos ps")
        return ExitCode.NO
    return ExitCode.OK


def rows_of(outcome: Outcome) -> list[dict[str, Any]]:
    """Return what became of the order in each replica."""
    rows: Sequence[tuple[Any, dict[str, Any], dict[str, Any]]] = [
        (answer, dict(answer.body or {}), dict((answer.body or {}).get("breaker") or {}))
        for answer in outcome.answers
    ]
    return [
        {
            "service": answer.replica.name,
            "replica": answer.replica.replica,
            "ok": answer.body is not None,
            "state": breaker.get("state"),
            "shared": bool(body.get("shared")),
            "expires_at": breaker.get("expires_at"),
            "error": answer.error.message if answer.error is not None else None,
        }
        for answer, body, breaker in rows
    ]
