"""One line of a log file into what it holds: records, plain text, or something broken with its reason."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from wattos_cli.logstore.lines import Line

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\x0b\x0c"
_SCALAR_STARTS = frozenset(b'"[-0123456789tfn')
_AFTER_BRACE = frozenset(b'" \t\r}')
_decode = msgspec.json.Decoder().decode
_lenient = json.JSONDecoder(strict=False)


@dataclass(slots=True)
class Piece:
    """A part of a line: a JSON object (`record`), plain text (neither), or bad (`reason`).

    `clean` says that `raw` is valid JSON as it was written; otherwise it must be encoded anew.
    """

    offset: int
    raw: bytes
    record: dict[str, Any] | None = None
    reason: str = ""
    clean: bool = True


def strip(data: bytes) -> bytes:
    """Return the line without byte-order mark, NUL padding (left by a truncated file) and outer blanks."""
    data = data.removeprefix(_BOM)
    if data.startswith(b"\0"):
        data = data.lstrip(b"\0")
    return data.strip(_BLANK)


def looks_like_object(text: bytes) -> bool:
    """Say whether a stripped line means to be a JSON object; a printed Python dict does not."""
    return text.startswith(b"{") and (len(text) == 1 or text[1] in _AFTER_BRACE)


def pieces(line: Line) -> list[Piece]:
    """Return what the line holds, at least one piece, in order."""
    if line.size > len(line.data):
        return [Piece(line.offset, line.data, reason=f"line of {line.size} bytes is too long")]
    text = strip(line.data)
    if not text:
        nul = b"\0" in line.data
        return [Piece(line.offset, line.data, reason="only NUL bytes" if nul else "")]
    if looks_like_object(text):
        return _objects(line, text)
    if text[0] in _SCALAR_STARTS and not line.data[:1].isspace() and _is_json(text):
        return [Piece(line.offset, text, reason="JSON, but not an object")]
    return [Piece(line.offset, line.data)]


def _is_json(text: bytes) -> bool:
    try:
        _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _objects(line: Line, text: bytes) -> list[Piece]:
    try:
        record = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _several(line, text)
    return [Piece(line.offset, text, record)]


def _several(line: Line, text: bytes) -> list[Piece]:
    """Decode leniently: several objects, invalid UTF-8 (shown as U+FFFD), bare control characters, NaN."""
    characters = text.decode("utf-8", "replace")
    found: list[Piece] = []
    at = 0
    while at < len(characters):
        try:
            value, end = _lenient.raw_decode(characters, at)
        except (ValueError, RecursionError) as error:
            reason = _reason(error, line, at)
            found.append(Piece(line.offset + at, characters[at:].encode("utf-8", "replace"), reason=reason))
            break
        raw = characters[at:end].encode("utf-8", "replace")
        if isinstance(value, dict):
            found.append(Piece(line.offset + at, raw, value, clean=_is_json(raw)))
        else:
            found.append(Piece(line.offset + at, raw, reason="JSON, but not an object"))
        at = end
        while at < len(characters) and characters[at].isspace():
            at += 1
    return found


def _reason(error: Exception, line: Line, at: int) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if not line.ended:
        return "half a line at the end of the file"
    if not isinstance(error, json.JSONDecodeError):
        return f"broken JSON: {error}"
    return (
        f"broken JSON: {error.msg.removesuffix(' at')} at column {error.pos + 1}"
        if not at
        else "text after the object"
    )
