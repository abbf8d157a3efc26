"""Log files for tests: lines in, entries out, rotations between, without a process."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wattos_cli.logstore.criteria import Criteria
from wattos_cli.logstore.entries import Assembler, Entry
from wattos_cli.logstore.files import Family, open_family
from wattos_cli.logstore.follow import FamilyFollower
from wattos_cli.logstore.history import Source, assembler, history
from wattos_cli.logstore.instants import rfc3339
from wattos_cli.logstore.segments import whole
from wattos_cli.logstore.tally import Tally
from wattos_cli.logstore.track import Track

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


def follower(path: Path, *, from_start: bool = True, tally: Tally | None = None) -> FamilyFollower:
    family = Family(path, "chat", "0")
    files = open_family(family)
    tracks = [
        Track.at(file, number, len(files) - 1 - number, 0 if from_start else file.size())
        for number, file in enumerate(files)
    ]
    return FamilyFollower(family, Assembler(0), tracks, tally or Tally())


def polled(one: FamilyFollower, times: int = 1) -> list[str]:
    found: list[Entry] = []
    for _ in range(times):
        found += one.poll()[0]
    return messages(found)


def append(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(data + b"\n" for data in lines))


def rotate(path: Path, keep: int = 5) -> None:
    """Rename as the supervisor does: .4 to .5, ... , the current one to .1."""
    for age in range(keep, 0, -1):
        older = path.with_name(f"{path.name}.{age}")
        newer = path if age == 1 else path.with_name(f"{path.name}.{age - 1}")
        if newer.exists():
            newer.replace(older)


def copytruncate(path: Path) -> None:
    """Copy and truncate as logrotate does: older copies are renamed first."""
    for age in range(4, 0, -1):
        older = path.with_name(f"{path.name}.{age}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{age + 1}"))
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    with path.open("r+b") as file:
        file.truncate(0)
