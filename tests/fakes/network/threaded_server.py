"""A real HTTP server in a thread, for callers that block the test's own."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that logs nothing: a test reads what was received, from `owner`."""

    owner: Any

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        pass


class ThreadedServer:
    """Listens on a free port until `close`; `owner` is what its handlers know by that name."""

    def __init__(self, handler: type[QuietHandler], owner: Any) -> None:
        owned = type(handler.__name__, (handler,), {"owner": owner})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), owned)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections; open ones go on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
