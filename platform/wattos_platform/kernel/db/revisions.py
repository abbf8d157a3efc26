"""Which revision a database has and which the code wants, read without importing Alembic.

A warm start asks this of every service: it must cost milliseconds.
"""

import ast
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

VERSION_TABLE = "alembic_version"


class SchemaState(StrEnum):
    """How a database stands to the code."""

    EMPTY = "empty"
    OLD = "old"
    CURRENT = "current"
    NEWER = "newer"


class RevisionError(RuntimeError):
    """The revision files do not form one chain; the message names the file or the heads."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The revisions of one service."""

    known: frozenset[str]
    head: str | None

    def state(self, current: str | None) -> SchemaState:
        """Return how a database at revision `current` stands to this chain."""
        if current == self.head:
            return SchemaState.CURRENT
        if current is None:
            return SchemaState.EMPTY
        return SchemaState.OLD if current in self.known else SchemaState.NEWER


def read_chain(versions: Path) -> Chain:
    """Return the chain in the folder `versions`; RevisionError unless it has exactly one head."""
    parents: dict[str, str | None] = {}
    for file in sorted(versions.glob("*.py")):
        names = _assigned(file)
        revision = names.get("revision")
        if not revision:
            raise RevisionError(f"{file} does not assign `revision`; it must be a plain string")
        parents[revision] = names.get("down_revision")
    heads = sorted(set(parents) - set(parents.values()))
    if len(heads) > 1 or (parents and not heads):
        raise RevisionError(f"{versions} has the heads {heads or 'none'}; give it one chain")
    return Chain(frozenset(parents), heads[0] if heads else None)


def read_revision(database: Path) -> str | None:
    """Return the revision recorded in the SQLite file, None for a missing or unversioned one.

    sqlite3.DatabaseError if the file is no database or cannot be read.
    """
    if not database.exists():
        return None
    connection = sqlite3.connect(f"file:{_quoted(database)}?mode=ro", uri=True, timeout=5)
    try:
        found = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type='table' AND name=?", (VERSION_TABLE,)
        ).fetchone()
        if not found:
            return None
        row = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608 - a constant
        return row[0] if row else None
    finally:
        connection.close()


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _assigned(file: Path) -> dict[str, str | None]:
    """Return the string constants assigned at the top of `file`."""
    found: dict[str, str | None] = {}
    for node in ast.parse(file.read_text(encoding="utf-8"), str(file)).body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                found[target.id] = value.value if isinstance(value.value, str) else None
    return found
