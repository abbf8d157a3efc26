"""A service's database as tests have it that are about neither its bounds nor its migrations."""

import tempfile
from functools import cache
from pathlib import Path

from wattos_platform.catalog import service
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.migrate import migrate, versions_folder
from wattos_platform.kernel.db.settings import DatabaseSettings

# A machine that runs other tests besides keeps a service waiting longer than its callers would.
PATIENT = DatabaseSettings(pool_wait_s=30, statement_timeout_s=30, work_timeout_s=30)


def make_database(path: Path, name: str) -> None:
    """Write the database of the service `name` as it is before its first request, unless there is one."""
    if not path.exists():
        path.write_bytes(_migrated(name))
        path.chmod(0o600)


@cache
def _migrated(name: str) -> bytes:
    """Return what migrations make, which takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.db"
        migrate(path, versions_folder(service(name)))
        assert not path.with_name(f"{path.name}-wal").exists(), "all of it is in the one file"
        return path.read_bytes()


async def patient_database(path: Path) -> Database:
    """Return the database at `path`, which refuses nobody for the machine's slowness."""
    return await Database.open(path, settings=PATIENT)
