"""The database layer: SQLite by default, migrations, one batching writer per process."""

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.settings import DatabaseSettings

__all__ = ["Database", "DatabaseSettings"]
