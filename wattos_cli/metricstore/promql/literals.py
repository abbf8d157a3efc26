"""String literals, by Go's rules: escapes name bytes, and bytes need not be text."""

import re

from wattos_cli.metricstore.promql.nodes import Node, Text

_ESCAPE = re.compile(
    r"\\(?:(?P<letter>[abfnrtv\\'\"])|x(?P<hex>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})"
    r"|U(?P<long>[0-9a-fA-F]{8})|(?P<octal>[0-7]{3}))"
)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquoted(literal: str) -> str:
    """Return what `literal`, quotes included, says; bytes that are no UTF-8 become lone surrogates."""
    inner = literal[1:-1]
    if literal.startswith("`"):
        return inner
    parts, position = [], 0
    for found in _ESCAPE.finditer(inner):
        parts += [inner[position : found.start()].encode(), _bytes(found)]
        position = found.end()
    return b"".join([*parts, inner[position:].encode()]).decode(errors="surrogateescape")


def is_text(value: str) -> bool:
    """Return whether `value` is UTF-8 throughout."""
    return not any("\udc80" <= character <= "\udcff" for character in value)


def quoted(node: Node | None) -> str:
    """Return the value of a string literal as messages quote it."""
    value = node.value if isinstance(node, Text) else ""
    return '"' + re.sub("[\udc80-\udcff]", lambda found: f"\\x{ord(found.group()) - 0xDC00:02x}", value) + '"'


def _bytes(found: re.Match[str]) -> bytes:
    if found["letter"]:
        return _LETTERS.get(found["letter"], found["letter"]).encode()
    if found["short"] or found["long"]:
        return chr(int(found["short"] or found["long"], 16)).encode(errors="surrogatepass")
    return bytes([int(found["hex"], 16) if found["hex"] else int(found["octal"], 8) & 0xFF])
