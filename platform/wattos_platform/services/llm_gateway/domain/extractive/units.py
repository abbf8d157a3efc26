"""A passage as quotable units: sentences, list items, table rows, code blocks; headings are their context."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from wattos_platform.services.llm_gateway.domain.extractive import sentences

Kind = Literal["sentence", "item", "row", "code", "field"]

_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?=\S)")
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
_FIELD = re.compile(r"^[\w$][\w$.*\[\]-]{0,119}: \S")
_STANZA = re.compile(r"\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_PLAIN_RULE = re.compile(r"^\s*([-=*_]\s*){3,}$")
_LONGEST_UNIT = 700
_LONGEST_WHOLE_ITEM = 240
_LONGEST_TITLE = 90
_PLAIN_TITLE_LEVEL = 7


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotable piece of a passage; `start` and `end` are offsets in the passage's text.

    `text` is the piece as it stands there, white space made single (code keeps its lines). `context` is what
    stands above it: headings, the line that introduces its list, its table's header row. A `field` is one
    line of `name: value` (flattened JSON, headers of a message).
    """

    kind: Kind
    text: str
    start: int
    end: int
    context: tuple[str, ...] = ()
    header: str = ""
    heading: str = ""
    introduces: bool = False


@dataclass(slots=True)
class _Line:
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def split(text: str) -> list[Unit]:
    """Return the units of `text` in order; never a heading alone, never half a row or half a code block."""
    return list(_Splitter(text).units())


class _Splitter:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: list[_Line] = []
        offset = 0
        for raw in text.splitlines(keepends=True):
            self._lines.append(_Line(raw.rstrip("\r\n\f\v\x1c\x1d\x1e\x85\u2028\u2029"), offset))
            offset += len(raw)
        self._at = 0
        self._headings: dict[int, str] = {}
        self._lead = ""

    def units(self) -> Iterator[Unit]:
        yield from self._code_cut_in_two()
        while self._at < len(self._lines):
            line = self._lines[self._at]
            heading = _HEADING.match(line.text)
            if not line.text.strip() or _PLAIN_RULE.match(line.text):
                self._at += 1
            elif heading:
                self._open(len(heading.group(1)), heading.group(2))
            elif _FENCE.match(line.text):
                yield from self._code()
            elif line.text.lstrip().startswith("|") or self._opens_table():
                yield from self._table()
            elif _ITEM.match(line.text):
                yield from self._item()
            elif _FIELD.match(line.text) and self._has_fields():
                self._at += 1
                yield from self._pieces("field", line.start, line.end)
            else:
                yield from self._paragraph()

    def _open(self, level: int, title: str) -> None:
        self._headings = {key: value for key, value in self._headings.items() if key < level}
        if title.strip():
            self._headings[level] = title.strip()
        self._lead = ""
        self._at += 1

    def _heading(self) -> str:
        return self._headings[max(self._headings)] if self._headings else ""

    def _context(self) -> tuple[str, ...]:
        above = tuple(self._headings[level] for level in sorted(self._headings))
        return (*above, self._lead) if self._lead else above

    def _has_fields(self) -> bool:
        """Say whether a neighbouring line is a field too: one alone may be the beginning of a sentence."""
        around = (self._at - 1, self._at + 1)
        return any(0 <= at < len(self._lines) and _FIELD.match(self._lines[at].text) for at in around)

    def _opens_table(self) -> bool:
        here = self._lines[self._at].text
        after = self._lines[self._at + 1].text if self._at + 1 < len(self._lines) else ""
        return "|" in here and "|" in after and bool(_RULE.match(after))

    def _code_cut_in_two(self) -> Iterator[Unit]:
        """Take the rest of a code block whose beginning lies in the passage before."""
        fences = [number for number, line in enumerate(self._lines) if _FENCE.match(line.text)]
        if len(fences) % 2 == 0 or fences[0] == 0:
            return
        closing, before = self._lines[fences[0]], self._lines[fences[0] - 1].text.strip()
        opens = closing.text.strip().strip("`~") or not before or before.endswith((":", "."))
        if opens or _HEADING.match(before):
            return
        self._at = fences[0] + 1
        yield from self._stanzas(0, closing.start)

    def _stanzas(self, start: int, end: int) -> Iterator[Unit]:
        """Yield the parts of a long code block between its blank lines (a program's help, a listing)."""
        for match in _STANZA.finditer(self._text, start, end):
            if match.end() - match.start() <= _LONGEST_UNIT:
                yield self._code_unit(match.start(), match.end())

    def _code_unit(self, start: int, end: int) -> Unit:
        return Unit("code", self._text[start:end], start, end, self._context(), heading=self._heading())

    def _code(self) -> Iterator[Unit]:
        first = self._lines[self._at]
        fence = _FENCE.match(first.text)
        marker = fence.group(1) if fence else "```"
        last = self._at + 1
        while last < len(self._lines) and not self._lines[last].text.lstrip().startswith(marker):
            last += 1
        closing = self._lines[min(last, len(self._lines) - 1)]
        self._at = last + 1
        body = self._text[first.start : closing.end]
        if body.count("\n") and len(body) <= _LONGEST_UNIT:
            yield self._code_unit(first.start, closing.end)
        elif body.count("\n"):
            yield from self._stanzas(first.end, closing.start if last < len(self._lines) else closing.end)

    def _table(self) -> Iterator[Unit]:
        header = ""
        if self._at + 1 < len(self._lines) and _RULE.match(self._lines[self._at + 1].text):
            header = self._lines[self._at].text.strip()
            self._at += 2
        while self._at < len(self._lines) and "|" in self._lines[self._at].text:
            line = self._lines[self._at]
            self._at += 1
            row = line.text.strip()
            if _RULE.match(row):
                continue
            start = line.start + line.text.index(row)
            yield Unit("row", row, start, start + len(row), self._context(), header)

    def _item(self) -> Iterator[Unit]:
        first = self._lines[self._at]
        mark = _ITEM.match(first.text)
        start = first.start + (mark.end() if mark else 0)
        self._at += 1
        end = first.end
        while self._at < len(self._lines) and self._continues(self._lines[self._at].text):
            end = self._lines[self._at].end
            self._at += 1
        if end - start <= _LONGEST_WHOLE_ITEM:
            yield from self._pieces("item", start, end)
            return
        for left, right in sentences.spans(self._text[start:end]):
            yield from self._pieces("item", start + left, start + right)

    def _continues(self, text: str) -> bool:
        return bool(text.strip()) and not (
            _ITEM.match(text) or _HEADING.match(text) or _FENCE.match(text) or text.lstrip().startswith("|")
        )

    def _paragraph(self) -> Iterator[Unit]:
        start = self._lines[self._at].start
        first = self._at
        while self._at < len(self._lines) and (
            self._at == first or self._continues(self._lines[self._at].text)
        ):
            end = self._lines[self._at].end
            self._at += 1
        block = self._text[start:end].strip()
        if self._is_title(block, first):
            self._at -= 1
            self._open(_PLAIN_TITLE_LEVEL, block)
            return
        self._lead = ""
        found = list(sentences.spans(self._text[start:end]))
        for number, (left, right) in enumerate(found):
            opens_list = number == len(found) - 1 and self._text[start + right - 1] == ":"
            yield from self._pieces("sentence", start + left, start + right, introduces=opens_list)
            if opens_list:
                self._lead = " ".join(self._text[start + left : start + right].split())

    def _is_title(self, block: str, first: int) -> bool:
        """Say whether a lone short line without an end mark stands above more text (HTML, PDF)."""
        return (
            self._at - first == 1
            and len(block) <= _LONGEST_TITLE
            and block[-1] not in ".!?:;,…"
            and any(line.text.strip() for line in self._lines[self._at :])
        )

    def _pieces(self, kind: Kind, start: int, end: int, *, introduces: bool = False) -> Iterator[Unit]:
        while end - start > _LONGEST_UNIT:
            cut = self._text.rfind(" ", start + _LONGEST_UNIT // 2, start + _LONGEST_UNIT)
            cut = cut if cut > start else start + _LONGEST_UNIT
            yield self._unit(kind, start, cut, introduces=False)
            start = cut
        if self._text[start:end].strip():
            yield self._unit(kind, start, end, introduces=introduces)

    def _unit(self, kind: Kind, start: int, end: int, *, introduces: bool) -> Unit:
        text = " ".join(self._text[start:end].split())
        return Unit(kind, text, start, end, self._context(), heading=self._heading(), introduces=introduces)
