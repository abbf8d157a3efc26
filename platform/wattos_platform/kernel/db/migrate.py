"""Brings a service's database to the schema of the code: under a lock, copied first, at once when current."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from wattos_platform.catalog import Service
from wattos_platform.kernel.db.revisions import SchemaState, read_chain, read_revision

COPIES_KEPT = 3
LOCK_TIMEOUT_S = 60.0
_LOCK_POLL_S = 0.05


class DatabaseNewerError(RuntimeError):
    """The database was made by newer code; `migrate` exits with 3 and touches nothing."""


class MigrationFailedError(RuntimeError):
    """A migration could not run; the database is as it was before the failing revision."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What `migrate` did. `before` is None for a new database; `copy` is the file kept from before."""

    before: str | None
    after: str | None
    copy: Path | None = None

    @property
    def changed(self) -> bool:
        """Say whether any revision was applied."""
        return self.before != self.after


def versions_folder(service: Service) -> Path:
    """Return the folder of the service's revision files; it need not exist."""
    spec = find_spec(service.package)
    if spec is None or not spec.submodule_search_locations:
        raise MigrationFailedError(
            f"the package {service.package} of service {service.name} is not installed"
        )
    return Path(spec.submodule_search_locations[0]) / "migrations" / "versions"


def migrate(
    database: Path,
    versions: Path,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Migration:
    """Apply the revisions in `versions` that the SQLite file `database` lacks, each in its own transaction.

    DatabaseNewerError when the file has a revision the code does not know; MigrationFailedError when a
    revision fails, when the lock is not free within 60 s, or when the file is no database. An existing
    database is copied beside itself first (`<name>.before-<revision>-<time>`, the last 3 are kept).
    """
    chain = read_chain(versions)
    try:
        if chain.state(read_revision(database)) is SchemaState.CURRENT:
            return Migration(chain.head, chain.head)
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(database, sleep):
            # Another process may have migrated while this one waited.
            before = read_revision(database)
            state = chain.state(before)
            if state is SchemaState.CURRENT:
                return Migration(before, before)
            if state is SchemaState.NEWER:
                raise DatabaseNewerError(
                    f"{database} has revision {before}, which this version does not know (it knows up to "
                    f"{chain.head}); install the newer version again or restore a copy from before it"
                )
            copy = _copy(database, before, clock) if database.exists() else None
            _upgrade(database, versions)
            return Migration(before, chain.head, copy)
    except sqlite3.DatabaseError as error:
        raise MigrationFailedError(f"{database} cannot be migrated: {error}") from error


@contextmanager
def _locked(database: Path, sleep: Callable[[float], None]) -> Iterator[None]:
    """Hold the migration lock; the kernel releases it if this process dies."""
    descriptor = os.open(f"{database}.migrate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        waited = 0.0
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if waited >= LOCK_TIMEOUT_S:
                    raise MigrationFailedError(
                        f"another process has been migrating {database} for {LOCK_TIMEOUT_S:.0f} s"
                    ) from None
                sleep(_LOCK_POLL_S)
                waited += _LOCK_POLL_S
        yield
    finally:
        os.close(descriptor)


def _copy(database: Path, revision: str | None, clock: Callable[[], float]) -> Path:
    """Copy through SQLite itself, which includes what still lies in the write-ahead log."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(clock()))
    target = database.with_name(f"{database.name}.before-{stamp}-{revision or 'unversioned'}")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as sink:
        source.backup(sink)
    target.chmod(0o600)
    for old in sorted(database.parent.glob(f"{database.name}.before-*"))[:-COPIES_KEPT]:
        old.unlink()
    return target


def _upgrade(database: Path, versions: Path) -> None:
    from wattos_platform.kernel.db.alembic_run import upgrade

    try:
        upgrade(database, versions)
    except sqlite3.DatabaseError:
        raise
    except Exception as error:
        raise MigrationFailedError(f"{database} cannot be migrated: {error}") from error
    # Created by the driver with the umask's mode; the rows are other people's conversations.
    database.chmod(0o600)
