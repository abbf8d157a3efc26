"""The database layer: SQLite by default, migrations, one batching writer per process."""
