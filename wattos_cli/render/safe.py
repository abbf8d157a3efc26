"""Text of unknown origin made harmless for a terminal: what would control it is shown as an escape."""

import json
import re

# C0 and DEL, C1 (8-bit CSI and OSC among them), soft hyphen, zero width and bidirectional controls, line and
# paragraph separators, byte-order mark, interlinear marks, lone surrogates, tags.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BYTE = 0x100
_BASIC_PLANE = 0x10000


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < _BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _BASIC_PLANE else f"\\U{code:08x}"


def visible(text: str) -> str:
    r"""Return `text` with every character that could control a terminal as `\x1b`, `\u202e` and the like."""
    if text.isprintable():  # nearly always; none of the characters above is
        return text
    return _CONTROLS.sub(_escape, text)


def visible_json(text: str) -> str:
    r"""Return the same JSON with such characters as `\u001b`; outside of strings they become blanks."""
    if text.isprintable():
        return text
    return _CONTROLS.sub(lambda m: " " if m.group() in "\t\r\n" else json.dumps(m.group())[1:-1], text)
