"""A platform that holds what users of load tests and drills have made, and the keys of these users."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.fakes.cli.deps import FakeTime
from wattos_cli.deps import Reply

URL, OPS = "http://127.0.0.1:3001", "unix:/run/gateway.sock"
SPACES, TALKS, RUNS = "/api/v1/knowledge-spaces", "/api/v1/conversations", "/api/v1/runs"


def rfc3339(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")


@dataclass
class HoldingPlatform:
    """Keys of the tenant with their users, and what the users have made; who is `down` answers 503.

    No more than `per_s` requests a second reach a service: the rest is answered with 429, to come again.
    """

    time: FakeTime
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {SPACES: [], TALKS: [], RUNS: []})
    down: str = ""
    per_s: int = 1_000_000
    taken: Counter[float] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def key(self, user: str, expires_in_s: float) -> str:
        key_id = f"k{next(self.numbers)}"
        self.keys[key_id] = {"id": key_id, "user": user, "expires_at": rfc3339(self.time.now + expires_in_s)}
        return key_id

    def make(self, path: str, user: str, ago_s: float, **more: str) -> None:
        made = {"id": f"{user}-{len(self.made[path])}", "user": user, "name": "loadtest-1"}
        self.made[path].append(made | {"created_at": rfc3339(self.time.now - ago_s)} | more)

    def ids(self, path: str) -> list[str]:
        return [each["id"] for each in self.made[path]]

    def request(
        self,
        method: str,
        address: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> Reply:
        assert timeout_s <= 5
        if address == OPS:
            status, answer = self._admin(path, body)
        elif self.taken[self.time.now] >= self.per_s:
            return Reply(429, {"retry-after": "1"}, b"{}")
        else:
            self.taken[self.time.now] += 1
            status, answer = self._api(method, path, headers)
        return Reply(status, {}, json.dumps(answer).encode())

    def _admin(self, path: str, body: Any) -> tuple[int, Any]:
        if path == "/admin/tokens/revoke":
            self.keys.pop(body["id"])
            return 200, {}
        if path == "/admin/tokens":
            key_id = self.key(body["user"], body["ttl_s"])
            return 201, {"id": key_id, "token": key_id}
        assert path.startswith("/admin/tokens?tenant=loadtest&revoked=false&limit=1000")
        return 200, self._page(list(self.keys.values()), path, 50)

    def _api(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        base = next(each for each in self.made if path.startswith(each))
        user = self.keys[headers["Authorization"].removeprefix("Bearer ")]["user"]
        mine = [each for each in self.made[base] if base == SPACES or each["user"] == user]
        if base == self.down:
            return 503, {}
        if method == "GET":
            return 200, self._page(mine, path, 2)
        found = next((each for each in mine if path.removeprefix(f"{base}/").startswith(each["id"])), None)
        if found is None:
            return 404, {}
        if path.endswith("/cancel"):
            found["status"] = found.get("then", "cancelled")
            return 202, {}
        if base == RUNS and found.get("status") == "running":
            return 409, {}
        self.made[base].remove(found)
        return 204, {}

    def _page(self, items: list[dict[str, Any]], path: str, size: int) -> dict[str, Any]:
        start = int(path.partition("cursor=")[2] or 0)
        end = start + size
        return {"items": items[start:end], "next_cursor": str(end) if items[end:] else None}
