"""What an answer leaves behind: its metrics, and one line in the log."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from wattos_platform.kernel.exchange import CLIENT_GONE, Exchange, error_type
from wattos_platform.kernel.metrics import MAX_CHILDREN
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.timestamps import rfc3339

NOT_FOUND_ROUTE: Final = "(none)"
_MOST_CALLERS = 1024
_ERROR = 500


class AnswerKind:
    """Answers of one method, route, status and fault domain: their metrics, and what their lines share."""

    __slots__ = ("_after", "_before", "_end", "duration", "requests")

    def __init__(self, runtime: Runtime, method: str, route: str, status: int, fault: str) -> None:
        metrics = runtime.metrics
        counted = method if route != NOT_FOUND_ROUTE else "ANY"
        self.requests = metrics.tally(
            "http_requests_total", method=counted, route=route, status=str(status), error_type=fault
        )
        self.duration = metrics.histogram("http_request_duration_seconds", method=counted, route=route)
        before = {
            "level": "error" if status >= _ERROR else "info",
            "service": runtime.service.name,
            "event": "http.request.completed",
            "message": f"{method} {route} {status}",
        }
        self._before = f"{_members(before)},"
        self._after = _members({"method": method, "route": route, "status": status})
        self._end = f",{_members({'error.type': fault})}}}\n" if fault else "}\n"

    def line(self, exchange: Exchange, took_s: float, now: float) -> bytes:
        """Return the access line of an answer that took `took_s` seconds and ended at `now` (wall time).

        Written as text, a third of what encoding an object costs: what ids are made of needs no escape.
        """
        context = exchange.context
        who = "" if context.identity is None else _caller(context.identity.tenant, context.identity.user)
        return (
            f'{{"time":"{rfc3339(now)}",{self._before}"request_id":"{context.request_id}",'
            f'"trace_id":"{context.trace_id}","span_id":"{context.span_id}",{who}{self._after},'
            f'"duration_ms":{took_s * 1000:.3f},"response_size_bytes":{exchange.size_bytes}{self._end}'
        ).encode()


class AnswerKinds:
    """The kinds of answers of one service, kept, since finding their metrics costs more than counting."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._kinds: dict[tuple[str, str, int, str], AnswerKind] = {}

    def of(self, exchange: Exchange, method: str, route: str) -> AnswerKind:
        """Return the kind of an answer that has ended."""
        status = exchange.status or CLIENT_GONE
        fault = error_type(status, gone=exchange.gone and not exchange.complete, fault=exchange.fault)
        key = (method, route, status, fault)
        kind = self._kinds.get(key)
        if kind is None:
            kind = AnswerKind(self._runtime, *key)
            if len(self._kinds) < MAX_CHILDREN:
                self._kinds[key] = kind
        return kind


@lru_cache(maxsize=_MOST_CALLERS)
def _caller(tenant: str, user: str) -> str:
    return f"{_members({'tenant_id': tenant, 'user_id': user})},"


def _members(values: Mapping[str, str | int]) -> str:
    """Return the members of a JSON object without its braces."""
    return msgspec.json.encode(values).decode()[1:-1]
