"""A receiver of Alertmanager's webhook: a real HTTP server that keeps every notification."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Webhook:
    """What was received so far; `url` is where it listens."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/alerts"
        self._alerts: list[dict[str, Any]] = []

    def take(self, notification: dict[str, Any]) -> None:
        """Keep the alerts of one notification."""
        self._alerts += notification["alerts"]

    def told(self, alert: str, job: str) -> str:
        """Return what was received last of the alert of `job`: `firing`, `resolved` or nothing yet."""
        statuses = [
            each["status"]
            for each in list(self._alerts)
            if (each["labels"]["alertname"], each["labels"].get("job")) == (alert, job)
        ]
        return statuses[-1] if statuses else ""

    def names(self, status: str) -> set[str]:
        """Return the names of all alerts that were received in `status`."""
        return {each["labels"]["alertname"] for each in list(self._alerts) if each["status"] == status}


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve a receiver on a free port for as long as the block lasts."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.take(json.loads(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
            """Say nothing: a test reads what was received."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Webhook(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(5)
