"""An answer with its numbered citations, for people."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render.safe import visible
from wattos_cli.render.text import colored

_EXCERPT_CHARS = 160


def safe_lines(text: str) -> str:
    """Return `text` with its line breaks, and without anything that could steer a terminal."""
    return "\n".join(visible(line) for line in text.splitlines())


def citations(items: Sequence[Mapping[str, Any]], *, width: int, color: bool) -> str:
    """Return the numbered list: document, character offsets, and the passage's beginning."""
    lines: list[str] = []
    for number, item in enumerate(items, start=1):
        place = f"{item.get('start')}-{item.get('end')}"
        head = f"[{number}] {visible(str(item.get('document')))}"
        lines.append(f"{colored(head, 'bold', enabled=color)}  characters {place}")
        passage = visible(" ".join(str(item.get("text", "")).split()))
        excerpt = textwrap.shorten(passage, _EXCERPT_CHARS, placeholder=" …")
        quoted = textwrap.wrap(excerpt, max(width - 4, 20), initial_indent="    ", subsequent_indent="    ")
        lines += [colored(line, "dim", enabled=color) for line in quoted]
    return "\n".join(lines)
