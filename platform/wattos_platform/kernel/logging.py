"""One JSON object per line, always: structlog for events, the same writer for everything else."""

import logging
import os
import time
import traceback
from collections.abc import Callable, MutableMapping
from select import PIPE_BUF
from typing import Any

import msgspec
import structlog

from wattos_platform.kernel.context import try_current
from wattos_platform.kernel.redaction import redact, redact_text
from wattos_platform.kernel.telemetry import Log
from wattos_platform.kernel.timestamps import rfc3339

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_FIRST = (
    "time",
    "level",
    "service",
    "event",
    "message",
    "request_id",
    "trace_id",
    "span_id",
    "tenant_id",
    "user_id",
)
_LIBRARIES = ("uvicorn", "uvicorn.error", "sqlalchemy", "aiohttp", "alembic", "asyncio", "aiosqlite")
_encode = msgspec.json.Encoder(enc_hook=str).encode


class LogSink:
    """Where lines go: file descriptor 1, written whole by one write call, so that lines never mix.

    `later` calls a function at the loop's next turn. With it, access lines wait until then and leave
    together, and whoever gave it calls `flush` at the end of the process. `on_line` is told the level of
    each application line (for `log_lines_total`). A write that fails costs its lines and nothing else, since
    a full disk must end no request and no loop; once writes succeed again, a line says how many failed.
    """

    def __init__(
        self,
        service: str,
        level: str = "info",
        *,
        write: Callable[[bytes], Any] | None = None,
        clock: Callable[[], float] = time.time,
        later: Callable[[Callable[[], None]], Any] | None = None,
    ) -> None:
        self.service = service
        self.level = LEVELS[level]
        self.on_line: Callable[[str], None] = lambda _level: None
        self._write_to = write or (lambda data: os.write(1, data))
        self._clock = clock
        self._later = later
        self._held = b""
        self._failed_writes = 0

    def raw(self, line: bytes) -> None:
        """Write a finished line (the access line of the middleware), after those before it."""
        if self._later is None:
            self._write(line)
            return
        if not self._held:
            self._later(self.flush)
        elif len(self._held) + len(line) > PIPE_BUF:  # more is no longer one piece in a pipe
            self.flush()
        self._held += line

    def flush(self) -> None:
        """Write the lines that wait."""
        held, self._held = self._held, b""
        if held:
            self._write(held)

    def emit(self, level: str, event: str, fields: MutableMapping[str, Any]) -> None:
        """Write one record; adds time, service and the context of the request, and redacts."""
        if LEVELS[level] < self.level:
            return
        record: dict[str, Any] = {"time": rfc3339(self._clock()), "level": level, "service": self.service}
        record["event"] = event
        record["message"] = redact_text(str(fields.pop("message", event)))
        record |= context_fields()
        record |= {name: redact(value, name) for name, value in fields.items() if name not in _FIRST}
        self.on_line(level)
        self.flush()
        self._write(_encode(record) + b"\n")

    def _write(self, data: bytes) -> None:
        try:
            self._write_to(data)
        except OSError:
            self._failed_writes += 1
        else:
            if self._failed_writes:
                self._tell_failed()

    def _tell_failed(self) -> None:
        failed, self._failed_writes = self._failed_writes, 0
        message = f"{failed} writes to the log failed; their lines are lost."
        self.emit("error", "log.lost", {"message": message, "writes": failed})
        if self._failed_writes:
            self._failed_writes += failed


def context_fields() -> dict[str, str]:
    """Return the ids of the request at hand, as every log line bears them."""
    context = try_current()
    if context is None:
        return {}
    fields = {"request_id": context.request_id, "trace_id": context.trace_id, "span_id": context.span_id}
    if context.identity is not None:
        fields["tenant_id"] = context.identity.tenant
        fields["user_id"] = context.identity.user
    return fields


def error_fields(error: BaseException) -> dict[str, str]:
    """Return `error.type`, `error.message` and `error.stack` of a caught exception, for the log only."""
    stack = "".join(traceback.format_exception(error))
    return {"error.type": type(error).__name__, "error.message": str(error), "error.stack": stack}


def make_logger(sink: LogSink) -> Log:
    """Return a structlog logger whose records end in `sink`; `exc_info=error` adds the error's fields."""

    def render(_logger: Any, method: str, event_dict: MutableMapping[str, Any]) -> str:
        event = str(event_dict.pop("event", ""))
        error = event_dict.pop("exc_info", None)
        if isinstance(error, BaseException):
            event_dict.update(error_fields(error))
        sink.emit("warning" if method == "warn" else method, event, event_dict)
        raise structlog.DropEvent

    logger: Log = structlog.wrap_logger(None, processors=[render], wrapper_class=structlog.BoundLogger)
    return logger


class _Bridge(logging.Handler):
    """Carries records of the standard library's logging into the sink."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"message": record.getMessage(), "logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields |= error_fields(record.exc_info[1])
        level = record.levelname.lower()
        self._sink.emit(level if level in LEVELS else "info", "library.logged", fields)


def bridge_libraries(sink: LogSink) -> None:
    """Send warnings and worse of the libraries we use into `sink`, and nothing to anywhere else."""
    root = logging.getLogger()
    root.handlers[:] = [_Bridge(sink)]
    root.setLevel(logging.WARNING)
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        logger.setLevel(logging.WARNING)
