"""Fakes of `deps.Http` and of the platform's API behind the gateway."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from wattos_cli.clients.gateway import HttpGateway
from wattos_cli.deps import Deps, Gateway, NoReplyError, Reply


@dataclass
class FakeHttp:
    """Answers by (address, path); an Exception is raised, a number is slept (a hung service).

    `timeouts_s` are the different patiences that it was asked with.
    """

    replies: dict[tuple[str, str], Reply | Exception | float] = field(default_factory=dict)
    requests: list[tuple[str, str, str, Any, Mapping[str, str]]] = field(default_factory=list)
    timeouts_s: set[float] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, address: str, path: str, body: Any, status: int = 200) -> None:
        self.replies[address, path] = Reply(status, {}, json.dumps(body).encode())

    def request(
        self,
        method: str,
        address: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float,
    ) -> Reply:
        with self.lock:
            self.requests.append((method, address, path, body, headers or {}))
            self.timeouts_s.add(timeout_s)
        reply = self.replies.get((address, path), NoReplyError("connection refused"))
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, float):
            time.sleep(reply)
            raise NoReplyError("too late to matter")
        return reply


def gateway_over(
    handler: Callable[[httpx.Request], httpx.Response], deps: Deps
) -> Callable[[str, str], Gateway]:
    """Return the `deps.gateway` that talks to `handler` through the real client."""
    return lambda url, token: HttpGateway(
        url, token, sleep=deps.sleep, note=deps.console.note, transport=httpx.MockTransport(handler)
    )
