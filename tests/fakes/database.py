"""A service's database as tests open it that are not about its bounds."""

from pathlib import Path

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.settings import DatabaseSettings

# A machine that runs other tests besides keeps a service waiting longer than its callers would.
PATIENT = DatabaseSettings(pool_wait_s=30, statement_timeout_s=30, work_timeout_s=30)


async def patient_database(path: Path) -> Database:
    """Return the database at `path`, which refuses nobody for the machine's slowness."""
    return await Database.open(path, settings=PATIENT)
