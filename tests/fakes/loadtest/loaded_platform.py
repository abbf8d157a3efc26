"""A platform as a load test sees it: keys for its users, a free model, and a chat whose breakers change."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fakes.cli.deps import write_running
from tests.fakes.cli.http import FakeHttp
from wattos_cli.deps import Reply

URL = "http://127.0.0.1:3001"
CHAT = "unix:/run/chat.sock"
_EVENTS = "/admin/breakers/events?after="
_NAMES = ("gateway", "llm-gateway", "chat", "rag", "agent")
_NOW = 2**53


class LoadedPlatform(FakeHttp):
    """Answers as the services that run by the files in `folder`; `changes` are those of chat's breakers.

    Whoever asks where they stand is told that nothing changed yet: a thread that begins late misses none.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.changes: list[dict[str, Any]] = []
        self.lost = 0
        write_running(folder, *({"name": name, "url": URL} for name in _NAMES))
        self.answer(URL, "/health/liveness", {})
        self.answer(URL, "/v1/models", {})
        free = "/admin/models/targets?model=wattos-extractive"
        self.answer("unix:/run/llm-gateway.sock", free, {"targets": [], "providers": []})
        for kind in ("knowledge-spaces", "conversations", "runs"):
            self.answer(URL, f"/api/v1/{kind}?limit=100", {"items": [], "next_cursor": None})
        self.answer("unix:/run/gateway.sock", "/admin/tokens", {"token": "wk_1", "id": "k1"}, 201)
        self.answer("unix:/run/gateway.sock", "/admin/tokens/revoke", {})
        self.answer(CHAT, "/admin/breakers", {"breakers": [{"name": "hop:rag", "state": "open"}]})

    def change(self, time: str, name: str = "hop:rag") -> None:
        """Let a breaker open at a time (RFC 3339)."""
        told = {"number": len(self.changes) + 1, "time": time, "name": name, "from": "closed", "to": "open"}
        self.changes.append({**told, "cause": "failure_rate", "reason": None})

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
        if address == CHAT and path.startswith(_EVENTS):
            return Reply(200, {}, json.dumps(self._events(int(path.removeprefix(_EVENTS)))).encode())
        return super().request(method, address, path, body=body, headers=headers, timeout_s=timeout_s)

    def _events(self, after: int) -> dict[str, Any]:
        if after == _NOW:
            return {"run": "r", "last": 0, "lost": 0, "events": []}
        changes = list(self.changes)
        lost = 0 if after else self.lost
        return {"run": "r", "last": len(changes), "lost": lost, "events": changes[after:]}
