"""Where log lines and figures leave `wattos logs`: as text for people, or byte for byte for programs."""

from collections.abc import Iterator
from itertools import chain

from wattos_cli.console import Console, naming_stdout
from wattos_cli.logstore import aggregate
from wattos_cli.logstore.entries import Entry
from wattos_cli.logstore.shown import json_lines, raw_lines, shown
from wattos_cli.render import logfigures
from wattos_cli.render.loglines import pretty
from wattos_cli.render.safe import visible, visible_json

_FLUSH_BYTES = 64 * 1024


class Writer:
    """Writes entries to stdout as `table` (for people), `json` or `raw`; `flush` after the last one.

    On a terminal nothing that a value holds reaches it as a control character, whatever the format; into a
    pipe or a file, json and raw are written byte for byte.
    """

    def __init__(self, console: Console, form: str) -> None:
        self._console = console
        self._form = form
        self._bytes = getattr(console.stdout, "buffer", None)
        self._terminal = console.stdout.isatty()
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def write(self, entry: Entry) -> None:
        """Write one entry, sooner or later."""
        for line in self._lines(entry):
            self._pending.append(line)
            self._pending_bytes += len(line) + 1
        if self._pending_bytes > _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        with naming_stdout():
            if self._pending:
                data = b"\n".join([*self._pending, b""])
                if self._bytes is None:
                    self._console.stdout.write(data.decode("utf-8", "replace"))
                else:
                    self._bytes.write(data)
            self._console.stdout.flush()
        self._pending, self._pending_bytes = [], 0

    def _lines(self, entry: Entry) -> Iterator[bytes]:
        if self._form == "table":
            text = pretty(shown(entry), color=self._console.color)
            return iter([text.encode(self._console.stdout.encoding or "utf-8", "backslashreplace")])
        lines = json_lines(entry) if self._form == "json" else raw_lines(entry)
        if not self._terminal:
            return lines
        escape = visible_json if self._form == "json" else visible
        return (escape(line.decode("utf-8", "replace")).encode() for line in lines)


def write_counts(console: Console, entries: Iterator[Entry], field: str) -> None:
    """Write how often each value of `field` occurs."""
    counts = aggregate.count_by(entries, field)
    if console.json_output:
        rows = [{"value": value, "count": count} for value, count in counts.rows()]
        console.json(
            {"schema": "wattos.logs-count/v1", "field": field, "rows": rows, "absent": counts.absent}
        )
    else:
        console.data(logfigures.counts(field, counts.rows(), counts.absent))


def write_stats(console: Console, entries: Iterator[Entry], field: str) -> None:
    """Write the distribution of the numbers in `field`."""
    figures = aggregate.stats(entries, field).figures()
    if console.json_output:
        console.json(dict(chain([("schema", "wattos.logs-stats/v1")], figures.items())))
    else:
        console.data(logfigures.stats(figures))
