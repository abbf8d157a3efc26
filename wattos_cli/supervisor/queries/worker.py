"""The process that evaluates: `python -m wattos_cli.supervisor.queries.worker ROOT`, descriptor 3 a socket.

It answers one request after the other and ends when it was idle for a while, or when the other side ends.
"""

import os
import resource
import socket
import sys
import time
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from wattos_cli.metricstore.api.replies import Reply, error
from wattos_cli.metricstore.api.routes import Api
from wattos_cli.metricstore.store.reader import Reader
from wattos_cli.project import Project
from wattos_cli.supervisor.exec_child import PASSED_FD
from wattos_cli.supervisor.queries import frames
from wattos_cli.supervisor.queries.alerting import ProjectAlerting

_IDLE_S = 60.0
_MEMORY_BYTES = 1024 * 1024 * 1024


class Answers(Protocol):
    """What answers requests, as Api does."""

    def answer(self, path: str, parameters: frames.Parameters) -> Reply:
        """Return the answer."""


def serve(api: Answers, connection: socket.socket, idle_s: float = _IDLE_S) -> None:
    """Answer requests until there are no more."""
    connection.settimeout(idle_s)
    with connection.makefile("rb") as stream:
        while True:
            try:
                head = stream.read(frames.REQUEST.size)
            except TimeoutError:
                return
            if len(head) < frames.REQUEST.size:
                return
            (size,) = frames.REQUEST.unpack(head)
            connection.sendall(frames.answer(_answered(api, stream.read(size))))


def _answered(api: Answers, content: bytes) -> Reply:
    try:
        return api.answer(*frames.parsed(content))
    except MemoryError:
        message = "the query needs too much memory: narrow its series, time range or step"
        return error(HTTPStatus.UNPROCESSABLE_ENTITY, "execution", message)


def main(argv: list[str]) -> int:
    """Serve what is kept of the project at `argv[0]`; return the exit code."""
    root = Path(argv[0])
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    kept = Reader(Project(root).metrics_dir)
    api = Api(kept, time.time, ProjectAlerting(root, os.environ, kept))
    with socket.socket(fileno=PASSED_FD) as connection:
        serve(api, connection)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
