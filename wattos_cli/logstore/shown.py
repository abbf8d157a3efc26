"""An entry as values to show, and as the bytes that `-o json` and `-o raw` write."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wattos_cli.logstore import fields
from wattos_cli.logstore.decode import strip
from wattos_cli.logstore.entries import Entry
from wattos_cli.logstore.instants import rfc3339

TEXT_SCHEMA = "wattos.logs-text/v1"
_EXCERPT_CHARACTERS = 200
_NO_TIME = "-" * 24


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts of a log line, for `render.loglines.pretty`."""

    time: str
    level: str
    service: str
    message: str
    fields: list[tuple[str, Any]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def shown(entry: Entry) -> Shown:
    """Return what there is to show of the entry: all of its fields, each once."""
    time = rfc3339(entry.time_s) if entry.time_s else _NO_TIME
    text = _without_blank_end([_text(line) for line in entry.extra])
    service, service_field = _service(entry)
    if entry.reason:
        message = f"{_place(entry)}: {entry.reason}: {_text(entry.raw)[:_EXCERPT_CHARACTERS]}"
        return Shown(time, "bad", service, message, text=text)
    level = fields.level(entry.record) or ""
    if entry.text_only or not entry.record:
        return Shown(time, level, service, _text(entry.raw), text=text)
    message, message_field = fields.message(entry.record)
    hidden = {message_field, service_field}
    for name in ("time", "level"):
        hidden.add(_understood(entry.record, name))
    rest = [(name, value) for name, value in _flat(entry.record) if name not in hidden]
    return Shown(time, level, service, message, rest, text)


def json_lines(entry: Entry) -> Iterator[bytes]:
    """Yield the record as it was written, and text and broken lines as objects of `wattos.logs-text/v1`."""
    plain = not entry.record or entry.text_only
    if entry.reason or plain:
        yield _text_object(entry, [entry.raw, *entry.extra])
        return
    yield entry.raw if entry.clean else json.dumps(_finite(entry.record)).encode()
    if entry.extra:
        yield _text_object(entry, entry.extra)


def raw_lines(entry: Entry) -> Iterator[bytes]:
    """Yield the lines as they were written."""
    yield entry.raw
    yield from entry.extra


def _text_object(entry: Entry, lines: list[bytes]) -> bytes:
    value = {
        "schema": TEXT_SCHEMA,
        "kind": "bad" if entry.reason else "text",
        "time": rfc3339(entry.time_s) if entry.time_s else None,
        "service": _service(entry)[0],
        "place": _place(entry),
        "text": "\n".join(_text(line) for line in lines),
    }
    if entry.reason:
        value["reason"] = entry.reason
    return json.dumps(value).encode()


def _place(entry: Entry) -> str:
    return entry.origin.place(entry.order[3])


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")


def _without_blank_end(lines: list[str]) -> list[str]:
    while lines and not strip(lines[-1].encode("utf-8", "replace")):
        lines.pop()
    return lines


def _service(entry: Entry) -> tuple[str, str]:
    """Return the service with its replica's number, and the field that need not be repeated."""
    stated, name = fields.service(entry.record) if not entry.text_only else ("", "")
    origin = entry.origin
    label = f"{origin.service}-{origin.replica}" if origin.replica else origin.service
    if not label:
        return stated, name
    return label, name if stated == origin.service else ""


def _understood(record: Mapping[str, Any], name: str) -> str:
    """Return the field from which time or level was taken, "" if none could be: it is then shown as it is."""
    for alias in fields.ALIASES[name]:
        value = fields.lookup(record, alias)
        if value is fields.MISSING:
            continue
        known = fields.time_s({"time": value}) if name == "time" else fields.level_name(value)
        if known is not None:
            return alias
    return ""


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _finite(value: Any) -> Any:
    """Return `value` with null for NaN and infinities, which JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value
