"""Asks every replica at once how it is; a slow or hung one never delays the others."""

import json
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wattos_cli.clients.running import Running
from wattos_cli.deps import Finding, Http, NoReplyError, Reply

if TYPE_CHECKING:
    from wattos_cli.config import OwnService

_PATHS = {"liveness": "/health/liveness", "readiness": "/health/readiness", "full": "/health"}
_STATUSES = frozenset({"healthy", "degraded", "unhealthy"})
_OK = range(200, 300)
_GRACE_S = 0.25


def probe_all(
    targets: Sequence[Running],
    own: "Mapping[str, OwnService]",
    http: Http,
    *,
    probe: str,
    timeout_s: float,
    monotonic: Callable[[], float],
) -> list[Finding]:
    """Return one finding per target, in their order.

    Threads are daemons and are not joined: one that hangs beyond its time-out is reported and left behind.
    """
    answers: queue.SimpleQueue[tuple[int, Finding]] = queue.SimpleQueue()

    def ask(index: int, target: Running) -> None:
        begin = monotonic()
        finding = _probe(target, own.get(target.name), http, probe, timeout_s)
        took_ms = round((monotonic() - begin) * 1000, 1)
        answers.put((index, _with_time(finding, took_ms)))

    for index, target in enumerate(targets):
        threading.Thread(target=ask, args=(index, target), daemon=True).start()
    found: dict[int, Finding] = {}
    while len(found) < len(targets):
        try:
            index, finding = answers.get(timeout=timeout_s + _GRACE_S)
        except queue.Empty:
            break
        found[index] = finding
    return [
        found.get(index) or _down(target, f"no answer within {timeout_s:g} s", timeout_s * 1000)
        for index, target in enumerate(targets)
    ]


def _probe(target: Running, own: "OwnService | None", http: Http, probe: str, timeout_s: float) -> Finding:
    if target.kind == "bundled":
        address, path = f"unix:{target.ops_socket}", _PATHS[probe]
    elif own is not None and own.health:
        address, path = _health_address(own, target)
    else:
        return _by_state(target)
    try:
        reply = http.request("GET", address, path, timeout_s=timeout_s)
    except NoReplyError as error:
        state = f" (state: {target.state})" if target.state not in {"ready", "starting"} else ""
        return _down(target, f"{error}{state}", 0.0)
    except Exception as error:  # noqa: BLE001 - a thread must end in a finding, whatever happens
        return _down(target, f"{type(error).__name__}: {error}", 0.0)
    return _from_reply(target, reply)


def _health_address(own: "OwnService", target: Running) -> tuple[str, str]:
    """Return the address and path of an own service's health URL."""
    health = own.health or "/"
    if "://" not in health:
        return (own.url or target.url).rstrip("/"), "/" + health.lstrip("/")
    scheme, _, rest = health.partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme}://{host}", f"/{path}"


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
    """Return the finding of a service that has no health URL: what the supervisor knows."""
    if target.state == "ready":
        return Finding(target.name, target.replica, "healthy", 0.0)
    return Finding(target.name, target.replica, "unhealthy", 0.0, error=f"state: {target.state}")


def _down(target: Running, reason: str, took_ms: float) -> Finding:
    return Finding(target.name, target.replica, "unhealthy", round(took_ms, 1), error=reason, reached=False)


def _with_time(finding: Finding, took_ms: float) -> Finding:
    return Finding(
        finding.name,
        finding.replica,
        finding.status,
        took_ms,
        finding.checks,
        finding.error,
        finding.info,
        finding.reached,
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
