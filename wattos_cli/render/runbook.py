"""A runbook, which is Markdown with headings, paragraphs, code and tables, folded to a terminal's width.

Lists are not told apart from paragraphs: no runbook has one, and a test holds them to that.
"""

import re
import textwrap
from collections.abc import Iterator
from itertools import groupby

from wattos_cli.render.text import table

_FENCE = "```"
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")
_CODE = re.compile(r"`[^`]*`")
_BLANK_WITHIN = "\N{NO-BREAK SPACE}"
"""Stands for a blank within a command, which is not broken."""


def folded(page: str, width: int) -> str:
    """Return the page with paragraphs and tables that fit `width`; 0: as it is."""
    return "\n".join(_lines(page, width)) if width else page


def _lines(page: str, width: int) -> Iterator[str]:
    for is_code, block in _blocks(page):
        if is_code:
            yield from (f"    {line}" for line in block if not line.startswith(_FENCE))
            continue
        for kind, group in groupby(block, _kind):
            lines = list(group)
            if kind == "table":
                yield from _table(lines, width)
            elif kind == "text":
                yield from _wrapped(" ".join(lines), width)
            else:
                yield from lines


def _blocks(page: str) -> Iterator[tuple[bool, list[str]]]:
    """Yield the page in parts: whether each is code, with its fences, and its lines."""
    block: list[str] = []
    is_code = False
    for line in page.split("\n"):
        if not line.startswith(_FENCE):
            block.append(line)
        elif is_code:
            yield True, block
            block, is_code = [], False
        else:
            yield False, block
            block, is_code = [], True
    yield is_code, block


def _kind(line: str) -> str:
    if not line.strip() or line.startswith("#"):
        return "as it is"
    return "table" if line.startswith("|") else "text"


def _wrapped(text: str, width: int) -> list[str]:
    whole = _CODE.sub(lambda code: code[0].replace(" ", _BLANK_WITHIN), _LINK.sub(r"\1", text))
    lines = textwrap.wrap(whole, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_BLANK_WITHIN, " ") for line in lines]


def _table(lines: list[str], width: int) -> list[str]:
    rows_within = (_LINK.sub(r"\1", line).strip().removeprefix("|").removesuffix("|") for line in lines)
    cells = [[cell.strip() for cell in row.split("|")] for row in rows_within]
    head, _, *rows = cells
    return table([name.upper() for name in head], rows, width=width).split("\n")
