"""Which entries are wanted: time range, level, text, request, trace and `--where`, all of which must hold."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattos_cli.logstore import fields
from wattos_cli.logstore.entries import Entry
from wattos_cli.logstore.where import Expression

_REGEX_SPECIAL = frozenset(r".^$*+?{}[]\|()")
# JSON may write any character as \uXXXX; these have short escapes too, so bytes decide nothing about them.
_SHORT_ESCAPES = frozenset('"\\/')
_ESCAPE = b"\\u"


@dataclass(frozen=True)
class Criteria:
    """What an entry must be to be shown; the default wants everything. Instants in s since the epoch."""

    since_s: float | None = None
    until_s: float | None = None
    level: str | None = None
    grep: re.Pattern[str] | None = None
    where: Sequence[Expression] = ()
    request: str | None = None
    trace: str | None = None

    @property
    def selective(self) -> bool:
        """Say whether anything but the time range is asked: bad lines are then counted, not shown."""
        return bool(self.level or self.grep or self.where or self.request or self.trace)

    def accepts(self, entry: Entry) -> bool:
        """Say whether the entry is wanted; a bad line is wanted when nothing but time is asked."""
        if self.since_s is not None and entry.time_s < self.since_s:
            return False
        if self.until_s is not None and entry.time_s > self.until_s:
            return False
        if not self.selective:
            return True
        return not entry.reason and self._accepts_record(entry.record) and self._greps(entry)

    def candidate(self, group: bytes) -> bool:
        """Say whether a JSON line and its text may be wanted, from bytes alone; False only if surely not."""
        return all(literal in group or _ESCAPE in group for literal in self._literals)

    @property
    def prefilters(self) -> bool:
        """Say whether `candidate` can ever say False."""
        return bool(self._literals)

    @property
    def _literals(self) -> list[bytes]:
        wanted = [text for text in (self.request, self.trace) if text]
        if self.grep and not self.grep.flags & re.IGNORECASE and not _REGEX_SPECIAL & set(self.grep.pattern):
            wanted.append(self.grep.pattern)
        return [text.encode() for text in wanted if _plain(text)]

    def _accepts_record(self, record: Mapping[str, Any]) -> bool:
        if self.level:
            level = fields.level(record)
            if level is None or fields.RANKS[level] < fields.RANKS[self.level]:
                return False
        if self.request and not _is(record, "request_id", self.request):
            return False
        if self.trace and not _is(record, "trace_id", self.trace):
            return False
        return all(expression.matches(record) for expression in self.where)

    def _greps(self, entry: Entry) -> bool:
        return self.grep is None or any(self.grep.search(text) for text in _texts(entry))


def _plain(text: str) -> bool:
    """Say whether JSON can write `text` only as it is, or with a u escape."""
    return text.isascii() and text.isprintable() and not _SHORT_ESCAPES & set(text)


def _is(record: Mapping[str, Any], name: str, wanted: str) -> bool:
    found = fields.canonical(record, name)
    return found is not fields.MISSING and fields.text(found) == wanted


def _texts(entry: Entry) -> Iterator[str]:
    """Yield the line as written, each string value decoded, and the text that follows."""
    yield entry.raw.decode("utf-8", "replace")
    yield from _strings(entry.record)
    if entry.extra:
        lines = [line.decode("utf-8", "replace") for line in entry.extra]
        yield from lines
        yield "\n".join(lines)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
