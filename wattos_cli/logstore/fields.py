"""What the fields of a record are called: wattos, Pino, Bunyan, structlog, zap and ECS, read alike."""

import json
import math
from collections.abc import Mapping
from typing import Any

from wattos_cli.logstore.instants import epoch_s

MISSING: Any = object()
"""What `lookup` gives for a field that the record does not have; JSON null is a value."""

RANKS = {"trace": 5, "debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""Severity of each level, after which `--level` and `level >= error` compare."""

_LEVEL_NAMES = {
    "trace": "trace", "verbose": "trace", "silly": "trace",
    "debug": "debug", "dbg": "debug",
    "info": "info", "information": "info", "notice": "info", "log": "info",
    "warn": "warning", "warning": "warning",
    "err": "error", "error": "error", "severe": "error",
    "crit": "critical", "critical": "critical", "fatal": "critical", "panic": "critical",
    "dpanic": "critical", "alert": "critical", "emerg": "critical", "emergency": "critical",
}  # fmt: skip
# Pino and Bunyan: each number is the floor of its level, so that a custom 35 is an info.
_PINO_FLOORS = ((60, "critical"), (50, "error"), (40, "warning"), (30, "info"), (20, "debug"), (10, "trace"))

_TIME = ("time", "timestamp", "@timestamp", "ts", "asctime", "datetime")
_LEVEL = ("level", "log.level", "severity", "levelname", "lvl")
_MESSAGE = ("message", "msg")
_REQUEST = ("request_id", "requestId", "reqId", "req_id", "http.request.id", "req.id")
_TRACE = ("trace_id", "traceId", "trace.id", "dd.trace_id")
ALIASES: dict[str, tuple[str, ...]] = {
    "time": _TIME,
    "level": _LEVEL,
    "message": _MESSAGE,
    "request_id": _REQUEST,
    "trace_id": _TRACE,
    "service": ("service", "service.name"),
}
"""Our name of a field -> the names under which other loggers write it, the likeliest first."""


def lookup(record: Mapping[str, Any], name: str) -> Any:
    """Return the value of the dotted `name`, flat (`{"a.b": 1}`) or nested, or MISSING."""
    if name in record:
        return record[name]
    cut = name.rfind(".")
    while cut > 0:
        inner = record.get(name[:cut])
        if isinstance(inner, dict):
            value = lookup(inner, name[cut + 1 :])
            if value is not MISSING:
                return value
        cut = name.rfind(".", 0, cut)
    return MISSING


def canonical(record: Mapping[str, Any], name: str) -> Any:
    """Return the value of `name`, or of the first name that another logger gives it, or MISSING."""
    value = lookup(record, name)
    if value is not MISSING or name not in ALIASES:
        return value
    for alias in ALIASES[name]:
        value = lookup(record, alias)
        if value is not MISSING:
            return value
    return MISSING


def time_s(record: Mapping[str, Any]) -> float | None:
    """Return the record's time in seconds since the epoch, or None if no field of it holds one."""
    for name in _TIME:
        value = record.get(name)
        if value is not None:
            instant = epoch_s(value)
            if instant is not None:
                return instant
    return None


def level_name(value: Any) -> str | None:
    """Return our name for a level as any logger writes it (`WARN`, 40), or None if it is none."""
    if isinstance(value, str):
        return _LEVEL_NAMES.get(value.strip().lower())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return next((name for floor, name in _PINO_FLOORS if value >= floor), None)


def level(record: Mapping[str, Any]) -> str | None:
    """Return the record's level by our name, or None."""
    for name in _LEVEL:
        value = lookup(record, name)
        if value is not MISSING:
            return level_name(value)
    return None


def number(value: Any) -> float | None:
    """Return the finite number in `value` (numbers, and strings that are one), or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) else None


def text(value: Any) -> str:
    """Return a JSON value as text: strings as they are, true, false and null as in JSON, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def message(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return the record's message and the field it stands in (structlog: `event`), or ("", "")."""
    for name in (*_MESSAGE, "event"):
        value = record.get(name)
        if isinstance(value, str):
            return value, name
    return "", ""


def service(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return the service the record names and the field it stands in, or ("", "")."""
    for name in ("service", "service.name", "name"):
        value = lookup(record, name)
        if isinstance(value, str):
            return value, name
    return "", ""
