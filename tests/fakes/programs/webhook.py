"""A receiver of Alertmanager's webhook: a real HTTP server that keeps every notification."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fakes.network.threaded_server import QuietHandler, ThreadedServer


class Webhook:
    """What was received so far; `url` is where it listens."""

    def __init__(self) -> None:
        self.url = ""
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


class _Handler(QuietHandler):
    owner: Webhook

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server looks for
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.owner.take(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve a receiver on a free port for as long as the block lasts."""
    receiver = Webhook()
    server = ThreadedServer(_Handler, receiver)
    receiver.url = f"{server.url}/alerts"
    try:
        yield receiver
    finally:
        server.close()
