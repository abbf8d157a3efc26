"""Runs Alembic's upgrade over one SQLite file: one environment for all services, no env.py each."""

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.pool import NullPool


def upgrade(database: Path, versions: Path) -> None:
    """Apply every missing revision, each in its own transaction; what a revision raises comes through."""
    config = Config()
    config.set_main_option("script_location", str(versions.parent))
    script = ScriptDirectory(str(versions.parent), version_locations=[str(versions)])

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - what alembic.command.upgrade itself passes

    engine = create_engine(URL.create("sqlite", database=str(database)), poolclass=NullPool)
    event.listen(engine, "connect", _own_transactions)
    event.listen(engine, "begin", _begin)
    with EnvironmentContext(config, script, fn=steps) as environment, engine.connect() as connection:
        environment.configure(
            connection=connection,
            transactional_ddl=True,
            transaction_per_migration=True,
            render_as_batch=True,
        )
        with environment.begin_transaction():
            environment.run_migrations()


def _own_transactions(connection: Any, _record: Any) -> None:
    # The driver would commit before each DDL statement and leave half a revision behind when killed.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=30000")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
