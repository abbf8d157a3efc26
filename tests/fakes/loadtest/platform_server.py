"""A gateway that answers what the load tests' users ask, over real HTTP."""

import json
from collections import Counter
from typing import Any

from tests.fakes.network.threaded_server import QuietHandler, ThreadedServer

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
_ANSWER = {"choices": [{"message": {"content": "3.20"}, "finish_reason": "stop"}], "wattos_cost_usd": "0.5"}


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}).encode() + b"\n\n"


_USAGE = b'data: {"choices": [], "usage": {}, "wattos_cost_usd": "0.125"}\n\n'
_MODELS = {"data": [{"id": "default", "wattos_alias_of": ["openai/gpt-4o-mini"], "wattos_free": True}]}
_RUN = {"id": "1", "status": "completed", "cost_usd": 0.25}
_OTHER = {"id": "1", "status": "ready", "content": "23:40", "results": [{"text": "3.20"}], "items": []}
_RUN_EVENTS = f"event: step\ndata: {{}}\n\nevent: done\ndata: {json.dumps(_RUN)}\n\n".encode()


class PlatformServer:
    """Listens on a free port; paths that start as in `failing` answer 500, `truncated` cuts streams."""

    def __init__(self, *, failing: tuple[str, ...] = (), truncated: bool = False) -> None:
        self.seen: Counter[str] = Counter()
        self.tokens: set[str] = set()
        self.failing = failing
        self.truncated = truncated
        self.gone = False
        self._server = ThreadedServer(_Handler, self)
        self.url = self._server.url

    def close(self) -> None:
        self.gone = True
        self._server.close()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """Return status and body of an answer."""
        if path.startswith(self.failing) and self.failing:
            return 500, b'{"message":"broken"}'
        if method == "DELETE":
            return 204, b""
        if path == "/v1/chat/completions":
            return 200, self._stream() if body.get("stream") else json.dumps(_ANSWER).encode()
        if path.startswith("/api/v1/runs/"):
            return 200, _RUN_EVENTS if path.endswith("/events") else json.dumps(_RUN).encode()
        if path.endswith("/runs") and method == "POST":
            return 202, b'{"id":"1","status":"pending"}'
        return 200, json.dumps(_MODELS if path == "/v1/models" else _OTHER).encode()

    def _stream(self) -> bytes:
        end = b"" if self.truncated else _chunk({}, "stop") + _USAGE + b"data: [DONE]\n\n"
        return _chunk({"content": "3"}) + _chunk({"content": ".20"}) + end


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: a second would wait for the first's acknowledgement
    owner: PlatformServer

    def _serve(self) -> None:
        if self.owner.gone:  # a connection that was open when the server was closed
            self.close_connection = True
            return
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.loads(content) if content.startswith(b"{") else {}
        path = self.path.partition("?")[0]
        self.owner.seen[f"{self.command} {path}"] += 1
        self.owner.tokens.add(self.headers.get("authorization", ""))
        status, answer = self.owner.answer(self.command, path, body)
        self.send_response(status)
        self.send_header("traceparent", TRACEPARENT)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for
