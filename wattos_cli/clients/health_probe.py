"""Asks every replica at once how it is; a slow or hung one never delays the others."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wattos_cli.clients import running
from wattos_cli.clients.fan_out import ask_all
from wattos_cli.clients.foreign_questions import Get, Question, questions
from wattos_cli.clients.running import Running
from wattos_cli.deps import Deps, Finding, Http, NoReplyError, Reply

_PATHS = {"liveness": "/health/liveness", "readiness": "/health/readiness", "full": "/health"}
_STATUSES = frozenset({"healthy", "degraded", "unhealthy"})
_OK = range(200, 400)


def probe_project(deps: Deps, services: Collection[str], *, probe: str, timeout_s: float) -> list[Finding]:
    """Return how the replicas of `services` (all, when empty) of this project are.

    WattosError when the platform does not run (exit 4: also when no bundled replica answers at all), or
    when one of `services` does not.
    """
    project = running.project_of(deps)
    rows = running.running(project)
    names = {row.name for row in rows}
    missing = [name for name in services if name not in names]
    if missing:
        raise running.not_among(missing[0], names)
    targets = [row for row in rows if not services or row.name in services]
    foreign = questions(targets, deps, project)
    findings = probe_all(
        targets, foreign, deps.http, probe=probe, timeout_s=timeout_s, monotonic=deps.monotonic
    )
    bundled = [f for f, target in zip(findings, targets, strict=True) if target.kind == "bundled"]
    if bundled and not any(f.reached or "no answer within" in f.error for f in bundled):
        raise running.not_running(project)
    return findings


def probe_all(
    targets: Sequence[Running],
    foreign: Mapping[str, Question],
    http: Http,
    *,
    probe: str,
    timeout_s: float,
    monotonic: Callable[[], float],
) -> list[Finding]:
    """Return one finding per target, in their order; one that hangs is reported as down.

    `foreign` are the questions to those that are not ours, by name.
    """

    def ask(target: Running) -> Finding:
        begin = monotonic()
        ours = Get(f"unix:{target.ops_socket}", _PATHS[probe]) if target.kind == "bundled" else None
        finding = _probe(target, ours or foreign.get(target.name), http, timeout_s)
        return replace(finding, response_time_ms=round((monotonic() - begin) * 1000, 1))

    return [
        finding or _down(target, f"no answer within {timeout_s:g} s", timeout_s * 1000)
        for target, finding in zip(targets, ask_all(targets, ask, timeout_s), strict=True)
    ]


def _probe(target: Running, question: Question | None, http: Http, timeout_s: float) -> Finding:
    if question is None:
        return _by_state(target)
    try:
        reply = question(http, timeout_s)
    except NoReplyError as error:
        state = f" (state: {target.state})" if target.state not in {"ready", "starting"} else ""
        return _down(target, f"{error}{state}", 0.0)
    except Exception as error:  # noqa: BLE001 - a thread must end in a finding, whatever happens
        return _down(target, f"{type(error).__name__}: {error}", 0.0)
    return _from_reply(target, reply) if reply else _healthy(target)


def _from_reply(target: Running, reply: Reply) -> Finding:
    body = _json(reply.body)
    status = body.get("status")
    if status not in _STATUSES:
        status = "healthy" if reply.status in _OK else "unhealthy"
    checks = body.get("checks")
    info = body.get("info")
    message = str(body.get("message") or f"answered {reply.status}") if status != "healthy" else ""
    return Finding(
        target.name,
        target.replica,
        str(status),
        0.0,
        checks if isinstance(checks, dict) else {},
        message if reply.status not in _OK or status != "healthy" else "",
        {str(key): str(value) for key, value in info.items()} if isinstance(info, dict) else {},
    )


def _by_state(target: Running) -> Finding:
    """Return the finding of a service that cannot be asked: what the supervisor knows."""
    if target.state == "ready":
        return replace(_healthy(target), reached=False)
    reason = f": {target.row['reason']}" if target.row.get("reason") else ""
    return _down(target, f"state: {target.state}{reason}", 0.0)


def _healthy(target: Running) -> Finding:
    return Finding(target.name, target.replica, "healthy", 0.0)


def _down(target: Running, reason: str, took_ms: float) -> Finding:
    return Finding(target.name, target.replica, "unhealthy", round(took_ms, 1), error=reason, reached=False)


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
