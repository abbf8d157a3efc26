"""Log files for tests: lines in, entries out, without a process."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wattos_cli.logstore.criteria import Criteria
from wattos_cli.logstore.entries import Entry
from wattos_cli.logstore.files import Family, open_family
from wattos_cli.logstore.history import Source, assembler, history
from wattos_cli.logstore.instants import rfc3339
from wattos_cli.logstore.segments import whole
from wattos_cli.logstore.tally import Tally

T0 = 1_795_000_000.0


def line(second: float, message: str = "", **fields: Any) -> bytes:
    record = {"time": rfc3339(T0 + second), "level": "info", "service": "chat", "message": message, **fields}
    return json.dumps(record).encode()


def write(path: Path, lines: Iterable[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def sources(paths: Iterable[Path], criteria: Criteria, tally: Tally) -> list[Source]:
    found = []
    for index, path in enumerate(paths):
        family = Family.of(path) or Family(path, "")
        found.append(Source(index, family, whole(open_family(family)), assembler(index, criteria, tally)))
    return found


def read(
    *paths: Path, criteria: Criteria | None = None, last: int | None = None
) -> tuple[list[Entry], Tally]:
    tally = Tally()
    criteria = criteria or Criteria()
    found = list(history(sources(paths, criteria, tally), criteria, tally, last))
    return found, tally


def messages(entries: Iterable[Entry]) -> list[str]:
    return [entry.record.get("message") or entry.raw.decode("utf-8", "replace") for entry in entries]
