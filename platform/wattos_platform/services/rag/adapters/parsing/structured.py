"""CSV and JSON as lines that can be found and read: every value stands beside its column or path."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wattos_platform.services.rag.adapters.parsing.parsed import ParsedText, ParseError
from wattos_platform.services.rag.adapters.parsing.plain import decode

_SAMPLE_CHARS = 20_000
_MAX_DEPTH = 200


def parse_csv(path: Path) -> ParsedText:
    """Return one paragraph per row, `column: value` per line; the first row names the columns."""
    text = decode(path.read_bytes())
    try:
        dialect: Any = csv.Sniffer().sniff(text[:_SAMPLE_CHARS], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = csv.reader(io.StringIO(text, newline=""), dialect)
    try:
        header = next(rows, [])
        records = ("\n".join(_fields(header, row)) for row in rows)
        body = "\n\n".join(record for record in records if record)
    except csv.Error as error:
        raise ParseError(f"not a readable CSV: line {rows.line_num}: {error}") from error
    return ParsedText(body or " | ".join(header))


def _fields(header: list[str], row: list[str]) -> Iterator[str]:
    for at, value in enumerate(row):
        if value.strip():
            name = header[at].strip() if at < len(header) else ""
            yield f"{name or f'column {at + 1}'}: {value.strip()}"


def parse_json(path: Path) -> ParsedText:
    """Return one `path: value` line per leaf, a blank line between the members of a top-level list."""
    try:
        value = json.loads(decode(path.read_bytes()))
        items = value if isinstance(value, list) else [value]
        return ParsedText("\n\n".join("\n".join(_leaves(item, "", 0)) for item in items))
    except RecursionError as error:
        raise ParseError(f"the JSON is nested deeper than {_MAX_DEPTH} levels") from error
    except ValueError as error:
        raise ParseError(f"not valid JSON: {error}") from error


def _leaves(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path, depth + 1)
    elif value is not None:
        shown = value if isinstance(value, str) else json.dumps(value)
        yield f"{path}: {shown}" if path else shown
