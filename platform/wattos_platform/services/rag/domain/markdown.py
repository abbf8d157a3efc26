"""The blocks of a Markdown text with their offsets, and chunks that follow its headings."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from wattos_platform.services.rag.domain.chunk import Chunk, Span, pack
from wattos_platform.services.rag.domain.sentences import fitting, sentence_spans

Kind = Literal["heading", "code", "table", "list", "paragraph"]
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-{3,})[ \t\r]*$")
_MAX_TITLE = 200


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of Markdown; `level` and `title` are set for headings."""

    kind: Kind
    start: int
    end: int
    level: int = 0
    title: str = ""


def blocks(text: str) -> Iterator[Block]:
    """Return the blocks of `text` in order; blank lines belong to none. One pass over the lines."""
    lines = list(_line_spans(text))
    at = 0
    while at < len(lines):
        start, end = lines[at]
        line = text[start:end]
        if not line.strip():
            at += 1
            continue
        kind, stop = _extent(text, lines, at)
        block = Block(kind, start, lines[stop - 1][1])
        if kind == "heading":
            yield _heading(line, block)
        else:
            yield block
        at = stop


def _line_spans(text: str) -> Iterator[Span]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end + 1
        yield start, end
        start = end


def _extent(text: str, lines: list[Span], at: int) -> tuple[Kind, int]:
    """Return the kind of the block that begins at line `at`, and the line after its last."""
    line = text[slice(*lines[at])]
    if _HEADING.match(line):
        return "heading", at + 1
    if fence := _FENCE.match(line):
        return "code", _fence_end(text, lines, at, fence.group(1))
    if line.lstrip().startswith("|"):
        return "table", _while(text, lines, at, lambda this: this.lstrip().startswith("|"))
    if _ITEM.match(line):
        return "list", _list_end(text, lines, at)
    if at + 1 < len(lines) and _UNDERLINE.match(text[slice(*lines[at + 1])]):
        return "heading", at + 2
    return "paragraph", _while(text, lines, at, lambda this: bool(this.strip()) and not _interrupts(this))


def _interrupts(line: str) -> bool:
    return bool(
        _HEADING.match(line) or _FENCE.match(line) or _ITEM.match(line) or line.lstrip().startswith("|")
    )


def _while(text: str, lines: list[Span], at: int, holds: Callable[[str], bool]) -> int:
    stop = at + 1
    while stop < len(lines) and holds(text[slice(*lines[stop])]):
        stop += 1
    return stop


def _fence_end(text: str, lines: list[Span], at: int, fence: str) -> int:
    for index in range(at + 1, len(lines)):
        line = text[slice(*lines[index])].strip()
        if line.startswith(fence) and not line.strip(fence[0]):
            return index + 1
    return len(lines)


def _list_end(text: str, lines: list[Span], at: int) -> int:
    """Return the line after the list: a blank line ends it unless an item or an indented line follows."""
    stop = at + 1
    while stop < len(lines):
        line = text[slice(*lines[stop])]
        if not line.strip():
            follows = text[slice(*lines[stop + 1])] if stop + 1 < len(lines) else ""
            if not follows.strip() or not (_ITEM.match(follows) or follows[0] in " \t"):
                break
        elif _HEADING.match(line) or (_FENCE.match(line) and line[0] not in " \t"):
            break
        stop += 1
    return stop


def _heading(line: str, block: Block) -> Block:
    match = _HEADING.match(line)
    level = len(match.group(1)) if match else 1
    title = line[match.end() :] if match else line
    return Block("heading", block.start, block.end, level, title.strip().rstrip("#").strip()[:_MAX_TITLE])


def markdown_chunks(text: str, size: int) -> Iterator[Chunk]:
    """Return chunks that never cross a heading; tables, lists and code stay whole where they fit."""
    path: list[tuple[int, str]] = []
    held: list[Block] = []
    for block in blocks(text):
        if block.kind == "heading":
            # A heading directly below another has no text of its own: both open the same chunk.
            if any(each.kind != "heading" for each in held) or _is_sibling(held, block):
                yield from _section(text, held, path, size)
                held = []
            path = [*(above for above in path if above[0] < block.level), (block.level, block.title)]
        held.append(block)
    yield from _section(text, held, path, size)


def _is_sibling(held: list[Block], block: Block) -> bool:
    return bool(held) and block.level <= held[-1].level


def _section(text: str, held: list[Block], path: list[tuple[int, str]], size: int) -> Iterator[Chunk]:
    heading = " > ".join(title for _, title in path if title)
    spans = (span for block in held for span in _units(text, block, size))
    for start, end in pack(text, spans, size):
        yield Chunk(start, end, heading)


def _units(text: str, block: Block, size: int) -> Iterator[Span]:
    if block.end - block.start <= size:
        return iter([(block.start, block.end)])
    if block.kind in {"paragraph", "heading"}:
        return fitting(text, sentence_spans(text, block.start, block.end), size)
    return fitting(text, _groups(text, block), size)


def _groups(text: str, block: Block) -> Iterator[Span]:
    """Return the lines of a block; those of a list item stay together."""
    begin, at = block.start, block.start
    while at < block.end:
        end = text.find("\n", at, block.end)
        end = block.end if end < 0 else end + 1
        starts_group = block.kind != "list" or _ITEM.match(text[at:end])
        if starts_group and at > begin:
            yield begin, at
            begin = at
        at = end
    yield begin, block.end
